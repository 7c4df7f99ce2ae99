"""The pytest plugin, in test runs of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROVIDER = """
    from rehook_async.sandbox import RehookApi

    class Provider:
        def sandbox(self):
            return RehookApi(api_key="mine")

    provider = Provider()
"""
METADATA = "Metadata-Version: 2.1\nName: fake-provider\nVersion: 1\n"
ENTRY = "[wallet_async.providers]\nfake = fake_provider:provider\n"
TESTS = """
    import pytest
    from wallet_async.sandbox import Sandbox

    @pytest.mark.asyncio
    async def test_it_runs(fake_sandbox):
        '''A started sandbox is handed over.'''
        assert isinstance(fake_sandbox, Sandbox)
        assert fake_sandbox.url.startswith("http://127.0.0.1:")
        fake_sandbox.api.add_wallet("k", "w")

    @pytest.mark.asyncio
    async def test_each_test_has_its_own(fake_sandbox):
        '''Nothing is left over from another test.'''
        assert fake_sandbox.ledger.wallets() == ()
"""
OTHERS = ("-p", "no:schemathesis", "-p", "no:hypothesispytest")
"""Plugins that are here by chance, and take longer to import than all the rest."""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder that holds an installed provider named `fake` and tests that use it."""
    from textwrap import dedent

    (tmp_path / "fake_provider.py").write_text(dedent(PROVIDER))
    (tmp_path / "test_it.py").write_text(dedent(TESTS))
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    info = tmp_path / "fake_provider-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(METADATA)
    (info / "entry_points.txt").write_text(ENTRY)
    root = str(Path(__file__).parents[2])
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{root}")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    return tmp_path


def run(project: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the tests of *project*."""
    command = [sys.executable, "-X", "dev", "-W", "error", "-m", "pytest", "-q", *OTHERS, *options]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=50, check=False)


@pytest.mark.parametrize("mode", ["auto", "strict"])
def test_every_provider_gets_a_fixture(project: Path, mode: str) -> None:
    """`fake_sandbox` appears for the provider `fake`, in both modes of pytest-asyncio."""
    done = run(project, f"--asyncio-mode={mode}")
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_without_the_plugin_there_is_no_fixture(project: Path) -> None:
    """The sabotaged twin: with the plugin off the same tests fail for want of the fixture."""
    done = run(project, "--asyncio-mode=auto", "-p", "no:wallet_async")
    assert "fixture 'fake_sandbox' not found" in done.stdout


def test_both_providers_are_offered(project: Path) -> None:
    """The two providers of this distribution have their fixtures, named after their entry points."""
    done = run(project, "--fixtures")
    assert "rehook_sandbox" in done.stdout, done.stdout + done.stderr
    assert "loyalty_sandbox" in done.stdout


def test_the_plugin_is_light() -> None:
    """Importing the plugin imports neither aiohttp nor a provider nor aioresponses."""
    code = (
        "import sys, wallet_async.sandbox.pytest_plugin\n"
        "heavy = {'aiohttp', 'aioresponses', 'rehook_async', 'loyalty_async', 'sqlite3'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    # Without a coverage run's own start-up code, which keeps its figures in an SQLite file.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    subprocess.run([sys.executable, "-c", code], check=True, timeout=50, env=environment)


def test_the_package_names_what_it_offers() -> None:
    """Every name of `__all__` is there, and another one is an AttributeError."""
    import wallet_async.sandbox as package

    assert all(getattr(package, name) is not None for name in package.__all__)
    with pytest.raises(AttributeError, match="Sandpit"):
        _ = package.Sandpit
