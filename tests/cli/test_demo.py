"""The demo as a whole: it agrees, it can fail, it ends cleanly whoever ends it."""

from __future__ import annotations

import os
import pty
import re
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from tests.cli.process import PATIENCE, alive, children, end, environment, start, wallet_async
from wallet_async.cli import main
from wallet_async.cli.demo import FAULTS, play
from wallet_async.cli.demo.child import SandboxProcess
from wallet_async.cli.demo.reading import read_back
from wallet_async.cli.demo.report import AGREED
from wallet_async.provider import HistoryRow, load_provider, load_providers

SMALL = ("--movements", "300", "--wallets", "12", "--concurrency", "20")

DROPS = "close@before p=0.05; close@after p=0.05; reset@after p=0.02; status@after 502 body=html p=0.03"


def figure(shown: str, name: str) -> str:
    """Give what stands behind *name* in the demo's table."""
    found = re.search(rf"^  {name} +(.*)$", shown, re.MULTILINE)
    assert found, shown
    return found[1]


def test_a_small_run_agrees_with_every_provider() -> None:
    """0, the last line says so, and faults were met on the way; nothing on the standard error."""
    # The demo's own faults, with one pause of a second in place of three.
    ended = wallet_async("demo", *SMALL, "--faults", FAULTS.replace("times=3", "times=1"))
    assert (ended.code, ended.err) == (0, ""), ended.out
    assert ended.out.splitlines()[-1] == f"{', '.join(load_providers())}: {AGREED}"
    for shown in re.split(r"^(?=\S)", ended.out, flags=re.MULTILINE)[1:-1]:
        assert figure(shown, "wallets in agreement") == "12 of 12"
        assert (figure(shown, "doubled"), figure(shown, "lost")) == ("0", "0")
        assert figure(shown, "sum of the ledger") == figure(shown, "sum at the provider")
        assert not figure(shown, "outcome unknown").startswith("0:")
        assert "close" in figure(shown, "faults met")


def test_a_ledger_from_a_file(tmp_path: Path) -> None:
    """It is booked to the last digit; one that no wallet can cover is a difference, and exit code 1."""
    path = tmp_path / "ledger.csv"
    path.write_text("wallet,kind,amount\nAda,credit,12345678901234567.89\nAda,debit,0.1\nBob,credit,0.2\n")
    words = ("demo", "--provider", "loyalty", "--faults", "", "--ledger", str(path))
    assert figure(wallet_async(*words).out, "sum at the provider") == "12,345,678,901,234,567.99"
    path.write_text("wallet,kind,amount\nAda,credit,1\nAda,debit,2\n")
    ended = wallet_async(*words)
    assert ended.code == 1
    assert "Balance is not enough" in figure(ended.out, "given up")
    assert "1 lost: row-2" in ended.out
    assert ended.out.splitlines()[-1] == "ledger and provider differ"


class Sabotaged:
    """A provider that passes everything on; its subclasses break one thing."""

    def __init__(self, provider: Any) -> None:
        self._provider = provider

    def __getattr__(self, name: str) -> Any:
        return getattr(self._provider, name)


class Blind(Sabotaged):
    """Sends again whatever is unknown, as a plain retry loop does."""

    async def settle(self, session: Any, error: Any) -> bool:
        return False


class Trusting(Sabotaged):
    """Takes whatever is unknown for booked."""

    async def settle(self, session: Any, error: Any) -> bool:
        return True


class Forgetful(Sabotaged):
    """Reads one row too few."""

    async def history(self, session: Any, wallet: Any) -> AsyncIterator[HistoryRow]:
        async for row in self._provider.history(session, wallet):
            if row.mark != self._provider.mark("demo-7-000001"):
                yield row


class Forger(Sabotaged):
    """Reads one row with a cent too much."""

    async def history(self, session: Any, wallet: Any) -> AsyncIterator[HistoryRow]:
        async for row in self._provider.history(session, wallet):
            forged = row.mark == self._provider.mark("demo-7-000001")
            yield evolve(row, amount=row.amount + 1) if forged else row


@pytest.mark.parametrize(
    ("name", "kind", "code", "word"),
    [
        ("rehook", Sabotaged, 0, AGREED),
        ("rehook", Blind, 1, "doubled: demo-7-"),
        ("rehook", Trusting, 1, "lost: demo-7-"),
        ("rehook", Forgetful, 1, "1 lost: demo-7-000001"),
        ("rehook", Forger, 1, "1 altered: demo-7-000001"),
        ("loyalty", Sabotaged, 0, AGREED),
        ("loyalty", Blind, 1, "doubled: demo-7-"),
        ("loyalty", Forger, 1, "1 altered: demo-7-000001"),
    ],
)
def test_the_verdict_can_fail(
    name: str,
    kind: type[Sabotaged],
    code: int,
    word: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The same run, right and sabotaged: 0 and the sentence, or 1 and the wallets that differ."""
    monkeypatch.setattr(play, "load_provider", lambda name: kind(load_provider(name)))
    words = ["demo", "--provider", name, "--movements", "120", "--wallets", "6", "--faults", DROPS]
    assert main(words) == code
    said = capsys.readouterr()
    assert word in said.out
    assert said.err == ""
    assert (AGREED in said.out) is (code == 0)


def test_the_sandboxs_own_books_are_asked(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """If ledger and history agree and the sandbox knows one row less, that is a difference too."""
    ask = SandboxProcess.truth

    async def forget(self: SandboxProcess) -> Any:
        books = await ask(self)
        key = next(iter(books))
        return books | {key: evolve(books[key], rows=books[key].rows[1:])}

    monkeypatch.setattr(SandboxProcess, "truth", forget)
    assert main(["demo", "--provider", "rehook", *SMALL, "--faults", ""]) == 1
    assert "1 rows unlike the sandbox's own" in capsys.readouterr().out


def test_sending_again_waits_until_the_sandbox_is_quiet(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is still being worked on when its caller gives up is booked later; without the wait it is booked twice."""
    monkeypatch.setattr(play, "_TIMEOUTS", evolve(play._TIMEOUTS, total=0.3))
    slow = ["demo", "--provider", "rehook", "--movements", "30", "--wallets", "30", "--concurrency", "30", "--faults"]
    # A third of the credits is answered, and booked, after the time is up.
    assert main([*slow, "latency:credit 600ms p=0.3"]) == 0
    assert not figure(capsys.readouterr().out, "outcome unknown").startswith("0:")

    wait, waiting = SandboxProcess.quiet, []

    async def at_once(self: SandboxProcess) -> None:
        waiting.append(self)

    async def read_when_all_is_booked(*words: Any, **options: Any) -> Any:
        # However slow the machine: what comes late has come before anything is compared.
        await wait(waiting[0])
        return await read_back(*words, **options)

    monkeypatch.setattr(SandboxProcess, "quiet", at_once)
    monkeypatch.setattr(play, "read_back", read_when_all_is_booked)
    assert main([*slow, "latency:credit 1500ms p=0.3"]) == 1
    assert "doubled" in capsys.readouterr().out


@pytest.mark.parametrize("fault", ["late:credit 1s", "lag 1s"])
def test_faults_that_no_wait_can_see_through_are_refused(fault: str, capsys: pytest.CaptureFixture[str]) -> None:
    """2: with them the demo could not tell late from never."""
    assert main(["demo", "--faults", fault]) == 2
    assert "is not for the demo" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--provider", "nope"), "there is no provider 'nope'; installed: loyalty, rehook"),
        (("--faults", "clsoe"), "unknown fault: 'clsoe'"),
        (("--movements", "0"), "--movements"),
        (("--concurrency", "0"), "--concurrency"),
        (("--ledger", "/none.csv"), "--ledger /none.csv cannot be read"),
    ],
)
def test_a_mistake_is_one_clear_line(words: tuple[str, ...], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """2, before anything is started."""
    assert main(["demo", *words]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert line in said.err


def test_histories_that_cannot_be_read_are_no_agreement(capsys: pytest.CaptureFixture[str]) -> None:
    """1: what was booked is not known, so it is not vouched for; the table of differences stays short."""
    words = ["demo", "--provider", "rehook", "--movements", "30", "--wallets", "30"]
    assert main([*words, "--faults", "status:transactions 500"]) == 1
    said = capsys.readouterr().out
    assert "unreadable: rehook transactions: request failed: status 500" in said
    assert figure(said, "wallets in agreement") == "0 of 30"
    assert "and 10 more" in said


def test_a_sandbox_that_does_not_start_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """4, one line: a program that ends at once, in place of the sandbox."""
    monkeypatch.setattr("wallet_async.cli.demo.child.sys.executable", "/bin/true")
    assert main(["demo", "--provider", "rehook"]) == 4
    assert capsys.readouterr().err == "error: the sandbox did not start\n"


def test_arrivals_from_elsewhere_are_a_difference() -> None:
    """Rows that the ledger does not know are counted, not explained away."""
    ended = wallet_async("demo", "--provider", "rehook", *SMALL, "--faults", "arrivals; close@after p=0.05")
    assert ended.code == 1
    assert "not in the ledger" in ended.out


def _begun(*options: str) -> tuple[Any, int]:
    """Start a demo that would take long; give it and the id of its sandbox once that is at work."""
    process = start("demo", "--provider", "rehook", "--movements", "20000", *options)
    assert process.stdout is not None
    while "faults" not in process.stdout.readline():
        assert process.poll() is None
    (child,) = children(process)
    return process, child


def _gone(number: int) -> bool:
    ends = time.monotonic() + PATIENCE
    while alive(number) and time.monotonic() < ends:
        time.sleep(0.005)
    return not alive(number)


def test_ctrl_c_leaves_nothing_behind() -> None:
    """130, one word, no sandbox left."""
    process, child = _begun()
    ended = end(process, signal.SIGINT)
    assert (ended.code, ended.err) == (130, "interrupted\n")
    assert _gone(child)


def test_a_killed_demo_leaves_no_sandbox_behind() -> None:
    """Not even kill -9 does: the sandbox sees its input end."""
    process, child = _begun()
    assert end(process, signal.SIGKILL).code == -signal.SIGKILL
    assert _gone(child)


def test_a_killed_sandbox_ends_the_demo_with_the_reason() -> None:
    """4, one line, at once: no wallet agrees with a provider that has gone."""
    process, child = _begun()
    os.kill(child, signal.SIGKILL)
    ended = end(process)
    assert ended.code == 4
    assert ended.err == "error: the sandbox was killed by signal 9 before the demo was done\n"
    assert AGREED not in ended.out


def test_a_reader_that_leaves_is_no_error() -> None:
    """`| head -1`: quiet, 141, no sandbox left."""
    process = start("demo", "--provider", "rehook", *SMALL, "--faults", "")
    assert process.stdout is not None
    process.stdout.readline()
    (child,) = children(process)
    process.stdout.close()
    process.stdout = None
    ended = end(process)
    assert (ended.code, ended.err) == (141, "")
    assert _gone(child)


def test_in_a_terminal_there_are_bars_and_colour() -> None:
    """A person sees bars that fit into 80 columns and a green last line."""
    main_end, other_end = pty.openpty()
    words = ("demo", "--provider", "rehook", *SMALL, "--faults", "close@after p=0.05")
    process = start(*words, environ={"TERM": "xterm-256color"}, stdout=other_end)
    os.close(other_end)
    shown = b""
    while chunk := _read(main_end):
        shown += chunk
    os.close(main_end)
    assert end(process).code == 0
    text = shown.decode()
    assert "━" in text
    assert re.search(rf"\x1b\[1;32m{AGREED}", text)
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
    assert max(len(line) for line in re.split(r"[\r\n]+", plain)) <= 80
    assert environment()["COLUMNS"] == "80"


def _read(number: int) -> bytes:
    try:
        return os.read(number, 65536)
    except OSError:  # how Linux says that the other end is closed
        return b""
