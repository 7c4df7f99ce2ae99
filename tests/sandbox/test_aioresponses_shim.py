"""aioresponses on aiohttp 3.14: broken as it comes, mended by the plugin."""

import subprocess
import sys
from pathlib import Path

import pytest

TEST = """
import aiohttp, asyncio
{before}
from aioresponses import aioresponses

async def main():
    async with aiohttp.ClientSession() as session:
        with aioresponses() as mock:
            mock.get("http://provider.test/a", payload={{"a": 1}})
            mock.get("http://provider.test/big", body="x" * 1_000_000)
            mock.put("http://provider.test/a", status=404, body=b"no", headers={{"X-Y": "z"}})
            async with session.get("http://provider.test/a") as response:
                assert await response.json() == {{"a": 1}}
            async with session.get("http://provider.test/big") as response:
                assert len(await response.text()) == 1_000_000
            async with session.put("http://provider.test/a") as response:
                assert (response.status, await response.read(), response.headers["X-Y"]) == (404, b"no", "z")

asyncio.run(main())
"""


def run(before: str) -> subprocess.CompletedProcess[str]:
    """Run the same mocked requests in a fresh interpreter, with *before* ahead of them."""
    pytest.importorskip("aioresponses")
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", TEST.format(before=before)]
    return subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)


@pytest.mark.parametrize("order", ["", "import aioresponses; ", "import aioresponses.core; "])
def test_the_shim_mends_it(order: str) -> None:
    """JSON, a body above the reader's limit, status and headers work, whatever was imported first."""
    done = run(f"{order}from wallet_async.sandbox.aioresponses_shim import install; install(); install()")
    assert done.returncode == 0, done.stderr


def test_without_the_shim_it_fails() -> None:
    """The sabotaged twin: the same requests fail, so the shim is still needed."""
    done = run("")
    assert "stream_writer" in done.stderr


def test_half_a_shim_fails() -> None:
    """Without the reader that is never paused a large body still fails: both halves are needed."""
    before = (
        "import aioresponses.core as core; whole = core.stream_reader_factory\n"
        "from wallet_async.sandbox.aioresponses_shim import install; install()\n"
        "core.stream_reader_factory = whole"
    )
    assert run(before).returncode != 0


def test_a_release_that_works_is_left_alone() -> None:
    """A second mending changes nothing: what works is not broken."""
    core = pytest.importorskip("aioresponses.core")
    from wallet_async.sandbox.aioresponses_mending import is_broken, mend

    assert not is_broken(core)
    before = core.RequestMatch._build_response
    mend(core)
    assert core.RequestMatch._build_response is before


async def test_it_works_in_this_very_run() -> None:
    """The plugin is active here: a test that imports aioresponses in its own body gets it mended."""
    import aiohttp

    aioresponses = pytest.importorskip("aioresponses").aioresponses
    async with aiohttp.ClientSession() as session:
        with aioresponses() as mock:
            mock.get("http://provider.test/a", payload={"a": [1]})
            async with session.get("http://provider.test/a") as response:
                assert await response.json() == {"a": [1]}


def test_aioresponses_need_not_be_installed(tmp_path: Path) -> None:
    """Where aioresponses is missing the hook leaves the usual ImportError."""
    code = (
        "import sys; from wallet_async.sandbox.aioresponses_shim import install; install()\n"
        "sys.modules['aioresponses'] = None\n"
        "try:\n    import aioresponses.core\nexcept ImportError: print('missing')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=50, check=True)
    assert done.stdout == "missing\n"
