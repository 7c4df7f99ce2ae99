"""G24: after very many calls, some of them broken and some cancelled, nothing is left and memory has not grown.

SOAK_CALLS is for long runs (2,000,000).
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kit import no_leaks
from tests.transport.common import ask, opened
from tests.transport.soak_server import ODD
from wallet_async.engine.errors import WalletError
from wallet_async.engine.transport.connection import Connection
from wallet_async.engine.transport.direct import DirectTransport

CALLS = int(os.environ.get("SOAK_CALLS", "16000"))
ROOM = 1024 * 1024  # bytes a 100,000 calls
AT_ONCE = 20
KINDS = [name.decode() for name in ODD] + ["silent", "cancelled"]
SEED = 20240518


@contextlib.contextmanager
def soak_server() -> Iterator[str]:
    """Run the soak's server in a child process and give its URL."""
    script = Path(__file__).with_name("soak_server.py")
    with subprocess.Popen([sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.stdin.close()


def resident() -> int:
    """Give the resident memory of this process, in bytes, when nothing is left to collect."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def one(transport: Any, kind: str) -> None:
    """Make one call, a write or a read, that meets *kind*."""
    body = b'{"points": 20}' if kind == "" or random.random() < 0.5 else None
    seconds = 0.002 if kind == "silent" else 10.0
    with contextlib.suppress(WalletError, TimeoutError):
        call = ask(transport, f"/{'silent' if kind == 'cancelled' else kind}", body=body, seconds=seconds)
        if kind == "cancelled":
            task = asyncio.ensure_future(call)
            for _ in range(random.randrange(6)):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
        else:
            await call


async def part(transport: Any, calls: int) -> None:
    """Make *calls* calls by `AT_ONCE` workers: one in ten meets something odd."""

    async def work() -> None:
        for _ in range(calls // AT_ONCE):
            await one(transport, random.choice(KINDS) if random.random() < 0.1 else "")

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


async def soak(url: str, calls: int) -> float:
    """Make *calls* calls; give the growth of resident memory in bytes a 100,000 calls.

    Raises:
        AssertionError: A task, a file or a thread was left behind.
    """
    random.seed(SEED)
    threads = threading.active_count()
    async with no_leaks(), opened(url) as transport:
        await part(transport, calls // 4)  # imports, caches and pools come first
        grown = []
        for _ in range(3):
            before = resident()
            await part(transport, calls // 4)
            grown.append(resident() - before)
        open_connections = transport.connections()
    assert threading.active_count() == threads, "a thread was left behind"
    # A leak grows in every part; a page that the allocator took once does not come again.
    slope = sorted(grown)[1] * 4 / calls * 100_000
    print(
        f"seed {SEED}: {calls} calls, {open_connections} connections at the end, {slope / 1024:.0f} KiB/100,000 calls"
    )
    return slope


needs_proc = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")


@needs_proc
@pytest.mark.timeout(0)
def test_soak() -> None:
    """Tasks, files and threads are what they were, and memory grows by less than 1 MiB a 100,000 calls."""
    with soak_server() as url, asyncio.Runner(debug=False) as runner:
        assert runner.run(soak(url, CALLS)) <= ROOM


@needs_proc
def test_twin_keeps_replies(monkeypatch: pytest.MonkeyPatch) -> None:
    """A transport that keeps every answer, of 20 KB as a page may have, grows past the bound."""
    kept: list[Any] = []
    own = DirectTransport.attempt

    async def keep(self: Any, *args: Any) -> Any:
        reply = await own(self, *args)
        kept.append((reply, bytearray(20_000)))
        return reply

    monkeypatch.setattr(DirectTransport, "attempt", keep)
    with soak_server() as url, asyncio.Runner(debug=False) as runner:
        assert runner.run(soak(url, 8_000)) > ROOM


@needs_proc
def test_twin_never_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that is not closed after a fault is left behind."""
    kept: list[Any] = []

    async def forget(self: DirectTransport) -> None:
        kept.append(self)

    own = DirectTransport.aclose
    monkeypatch.setattr(DirectTransport, "aclose", forget)
    with soak_server() as url, asyncio.Runner(debug=False) as runner:
        with pytest.raises(AssertionError, match="left behind"):
            runner.run(soak(url, 400))
        for transport in kept:
            runner.run(own(transport))


def test_what_is_soaked() -> None:
    """Each kind of trouble is among the calls."""
    assert {"chunked", "gzip", "close", "broken", "cut", "two", "gone", "error", "silent", "cancelled"} == set(KINDS)
    assert Connection.__module__ == "wallet_async.engine.transport.connection"
