"""One sandbox of each provider for all, for starting one takes half a second."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.cli.journal import url_of
from tests.cli.process import Ended, Inside, SandboxProcess, sandbox
from tests.journal.conformance import STATES, brought
from wallet_async.cli import main
from wallet_async.journal.sqlite import SqliteStore


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_works() -> None:
    """A test run that was started in the background ignores Ctrl-C, and its children would inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def rehook_process() -> Iterator[SandboxProcess]:
    """A Rehook sandbox in a process of its own."""
    with sandbox("rehook", "--wallets", "100") as running:
        yield running


@pytest.fixture
def rehook(rehook_process: SandboxProcess) -> Iterator[SandboxProcess]:
    """The same, without faults before and after each test."""
    yield rehook_process
    rehook_process.faults("")


@pytest.fixture(scope="session")
def loyalty_process() -> Iterator[SandboxProcess]:
    """A loyalty sandbox in a process of its own."""
    with sandbox("loyalty", "--wallets", "20") as running:
        yield running


@pytest.fixture
def loyalty(loyalty_process: SandboxProcess) -> Iterator[SandboxProcess]:
    """The same, without faults before and after each test."""
    yield loyalty_process
    loyalty_process.faults("")


@pytest.fixture
def inside(capsys: pytest.CaptureFixture[str]) -> Iterator[Inside]:
    """Run a command inside this process, ten times as quick: for what does not depend on being one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()

        def run(*words: str, environ: Mapping[str, str]) -> Ended:
            for name, value in environ.items():
                patch.setenv(name, value)
            code = main(words)
            said = capsys.readouterr()
            return Ended(code, said.out, said.err)

        yield run
    time.tzset()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Give a journal with one entry in each state; they are of a made-up provider."""

    async def fill() -> None:
        store = await SqliteStore.open(tmp_path / "journal.db")
        for state in STATES:
            await brought(store, state, f"order-{state}", service="made-up")
        await store.aclose()

    asyncio.run(fill())
    return tmp_path / "journal.db"


@pytest.fixture
def url(tmp_path: Path, inside: Inside) -> str:
    """Give the URL of an empty journal."""
    made = url_of(tmp_path / "journal.db")
    assert inside("journal", "install", made, environ={}).code == 0
    return made
