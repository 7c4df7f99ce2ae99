"""One sandbox of each provider for all, for starting one takes half a second."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Mapping

import pytest

from tests.cli.process import Ended, Inside, SandboxProcess, sandbox
from wallet_async.cli import main


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
