"""``wallet-async reconcile``, against a sandbox: exit codes, one clear line for what is wrong, and on after Ctrl-C."""

from __future__ import annotations

import errno
import re
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.cli.process import Ended, Inside, SandboxProcess, end, start
from tests.kit import closed_port
from wallet_async.cli.reconcile import options
from wallet_async.reconcile import matching, result

HEADER = "source_id,wallet_id,kind,amount,reference"


def ledger_of(folder: Path, rows: Sequence[str]) -> str:
    path = folder / "ledger.csv"
    path.write_text("\n".join([HEADER, *rows, ""]), "utf-8")
    return str(path)


def booked(rehook: SandboxProcess, count: int, inside: Inside) -> list[str]:
    """Book a credit of 20 in each of *count* wallets; give the lines of a ledger that says so."""
    rows = []
    for number in range(count):
        wallet = rehook.wallet()
        reference = f"{wallet[-1]}-{number}"
        credit = ("rehook", "credit", *wallet, "20", "--reference", reference)
        assert inside(*credit, environ=rehook.environ).code == 0
        rows.append(",".join([*wallet, "credit", "20", reference]))
    rehook.control("DELETE", "observed")
    return rows


def sent(rehook: SandboxProcess) -> int:
    return sum(rehook.control("GET", "observed")["requests"].values())


@pytest.fixture
def state(tmp_path: Path) -> list[str]:
    return ["--state", str(tmp_path / "state")]


def test_both_sides_agree(rehook: SandboxProcess, tmp_path: Path, state: list[str], inside: Inside) -> None:
    """Exit code 0, and the last line says so; progress goes to the standard error."""
    ledger = ledger_of(tmp_path, booked(rehook, 2, inside))
    ended = inside("reconcile", "rehook", ledger, *state, environ=rehook.environ)
    assert ended.code == 0
    assert "agree" in ended.out.splitlines()[-1]
    assert ended.err.startswith("2 of 2 wallets, 2 rows,")


def test_both_sides_differ(rehook: SandboxProcess, tmp_path: Path, state: list[str], inside: Inside) -> None:
    """Exit code 1; the summary as JSON, the files that were asked for, and how the plan is applied."""
    rows = booked(rehook, 2, inside)
    ledger = ledger_of(tmp_path, [rows[0], rows[1].replace(",20,", ",25,")])
    files = ["--report", str(tmp_path / "r.html"), "--differences", str(tmp_path / "d.csv")]
    ended = inside("reconcile", "rehook", ledger, *state, *files, "--json", environ=rehook.environ)
    assert ended.code == 1
    (summary,) = ended.rows
    assert (summary["clean"], summary["differences"]["amount_differs"]) == (False, 1)
    assert (tmp_path / "r.html").read_text("utf-8").startswith("<!doctype html>")
    plan = str(tmp_path / "plan.csv")
    again = inside("reconcile", "rehook", ledger, *state, "--fix", plan, environ=rehook.environ)
    assert again.code == 1
    assert f"wallet-async apply rehook {plan}" in again.out


@pytest.mark.parametrize("option", ["--check", "--dry-run"])
def test_what_is_looked_at_first_sends_nothing(
    rehook: SandboxProcess, tmp_path: Path, inside: Inside, option: str
) -> None:
    """Exit code 0, something to read, no request, and no state."""
    ledger = ledger_of(tmp_path, booked(rehook, 1, inside))
    ended = inside("reconcile", "rehook", ledger, option, environ=rehook.environ)
    assert (ended.code, ended.err, sent(rehook)) == (0, "", 0)
    assert {"--check": "found by its name", "--dry-run": "2 requests"}[option] in ended.out
    assert [path.name for path in tmp_path.iterdir()] == ["ledger.csv"]


WRONG = {
    "provider": (["rehok", "LEDGER"], "there is no provider 'rehok'; installed: loyalty, rehook"),
    "no file": (["rehook", "nothing.csv"], "nothing.csv"),
    "kind of file": (["rehook", "ledger.xlsx"], "ledger must be a file (.csv"),
    "suffix": (["rehook", "LEDGER", "--differences", "d.xlsx"], r"\.parquet, \.csv"),
    "folder": (["rehook", "LEDGER", "--report", "no/such/r.html"], "no/such"),
    "column": (["rehook", "LEDGER", "--column", "amount"], "--column must be NAME=HEADER"),
    "column twice": (["rehook", "LEDGER", "--column", "amount=a", "--column", "amount=b"], "given twice"),
    "window": (["rehook", "LEDGER", "--window", "soon"], "must be a time such as 90s"),
    "two engines": (["rehook", "LEDGER", "--processes", "2", "--dask", "tcp://x:1"], "exclude each other"),
    "pace alone": (["rehook", "LEDGER", "--pace", "redis://localhost"], "say which with --rate"),
    "applied": (["rehook", "LEDGER", "--applied", "no-plan.csv"], "no-plan.csv"),
    "both first": (["rehook", "LEDGER", "--check", "--dry-run"], "exclude each other"),
    "pace of a cluster": (["rehook", "LEDGER", "--dask", "tcp://x:1", "--pace", "redis://x", "--rate", "1"], "its own"),
    "no memory": (["rehook", "LEDGER", "--memory", "lots"], "memory must be megabytes or gigabytes"),
    "no rate": (["rehook", "LEDGER", "--rate", "0"], "--rate"),
    "plan": (["rehook", "LEDGER", "--fix", "plan.txt"], "the plan is written as .csv"),
    "the ledger itself": (["rehook", "LEDGER", "--fix", "LEDGER"], "named for two things"),
    "one file twice": (["rehook", "LEDGER", "--fix", "f.csv", "--differences", "f.csv"], "named for two things"),
    "a plan that was applied": (["rehook", "LEDGER", "--fix", "f.csv", "--applied", "f.csv"], "named for two things"),
    "a device": (["rehook", "LEDGER", "--report", "/dev/null"], "is a device, not a file"),
    "no time": (["rehook", "LEDGER", "--since", "2026-01-01"], "since and until need the time of every row; line 2"),
    "no period": (["rehook", "LEDGER", "--since", "2026-01-02", "--until", "2026-01-01"], "lies after until"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_mistake_is_one_line_and_sends_nothing(
    rehook: SandboxProcess, tmp_path: Path, state: list[str], inside: Inside, case: str
) -> None:
    """Exit code 2, one line that names it, no request."""
    words, expected = WRONG[case]
    ledger = ledger_of(tmp_path, ["ada,waty_a,credit,1,r"])
    rehook.control("DELETE", "observed")
    said = [ledger if word == "LEDGER" else word for word in words]
    ended = inside("reconcile", *said, *state, environ=rehook.environ)
    assert (ended.code, ended.out, sent(rehook)) == (2, "", 0)
    assert ended.err.count("\n") == 1
    assert re.search(expected.replace("(", r"\("), ended.err)
    assert Path(ledger).read_text("utf-8").startswith(HEADER)


def test_a_ledger_without_rows_is_refused(
    rehook: SandboxProcess, tmp_path: Path, state: list[str], inside: Inside
) -> None:
    """An export that failed must not look like agreement; with wallets listed beside it there is something to read."""
    ledger, wallet = ledger_of(tmp_path, []), rehook.wallet()
    ended = inside("reconcile", "rehook", ledger, *state, environ=rehook.environ)
    assert ended.code == 2
    assert "nothing to compare" in ended.err
    listed = tmp_path / "wallets.csv"
    listed.write_text(f"source_id,wallet_id\n{','.join(wallet)}\n")
    words = ("reconcile", "rehook", ledger, *state, "--wallets", str(listed))
    assert inside(*words, environ=rehook.environ).code == 0


def test_two_processes_find_the_same(rehook: SandboxProcess, tmp_path: Path, state: list[str], inside: Inside) -> None:
    """Each makes a session of its own from the environment."""
    rows = booked(rehook, 2, inside)
    ledger = ledger_of(tmp_path, [*rows, "nobody,waty_x,credit,5,r"])
    ended = inside("reconcile", "rehook", ledger, *state, "--processes", "2", "--json", environ=rehook.environ)
    assert ended.code == 1
    assert (ended.rows[0]["wallets"], ended.rows[0]["unknown_wallets"]) == (3, 1)
    assert ended.rows[0]["ledger"]["credits"] == 45
    assert ended.err.splitlines()[-1].startswith("3 of 3 wallets")


def test_a_file_that_cannot_be_written(
    rehook: SandboxProcess, tmp_path: Path, state: list[str], inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 5, one line: 1 would say that both sides differ, and nobody would look at the disk."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(result.Result, "report", full)
    ledger = ledger_of(tmp_path, booked(rehook, 1, inside))
    ended = inside("reconcile", "rehook", ledger, *state, "--report", str(tmp_path / "r.html"), environ=rehook.environ)
    assert ended.code == 5
    assert "No space left on device" in ended.err.splitlines()[-1]


def test_the_memory_is_that_of_the_library() -> None:
    """The command line repeats it, so that its help need not load what compares."""
    assert options.MEMORY == matching.MEMORY


def test_what_is_missing_is_named(
    rehook: SandboxProcess, tmp_path: Path, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the extra there is the line that installs it, and not a module that nobody knows."""
    monkeypatch.setattr("wallet_async.reconcile.database.find_spec", lambda name: None)
    ended = inside("reconcile", "rehook", ledger_of(tmp_path, []), environ=rehook.environ)
    assert ended.code == 2
    assert 'python -m pip install "wallet-async[reconcile]"' in ended.err


def test_wrong_credentials(rehook: SandboxProcess, tmp_path: Path, state: list[str], inside: Inside) -> None:
    """Exit code 2 after the first answers, for 1 means that both sides differ; and what to look at."""
    ledger = ledger_of(tmp_path, booked(rehook, 1, inside))
    environ = rehook.environ | {"REHOOK_SECRET_KEY": "wrong"}
    ended = inside("reconcile", "rehook", ledger, *state, environ=environ)
    assert (ended.code, ended.out) == (2, "")
    assert "check the credentials" in ended.err.splitlines()[-1]
    assert "is kept" not in ended.err


@pytest.mark.parametrize("wallets", [1, 10])
def test_a_provider_that_is_away(
    rehook: SandboxProcess, tmp_path: Path, state: list[str], inside: Inside, wallets: int
) -> None:
    """Exit code 4: after ten wallets it gives up, of one it says that it was not read, and why."""
    ledger = ledger_of(tmp_path, [f"ada-{number},waty_a,credit,1,r-{number}" for number in range(wallets)])
    with closed_port() as port:
        environ = rehook.environ | {"REHOOK_BASE_URL": f"http://127.0.0.1:{port}"}
        ended = inside("reconcile", "rehook", ledger, *state, environ=environ)
    assert ended.code == 4
    if wallets == 1:
        assert "could not be read" in ended.out
        assert "no connection" in ended.out
    else:
        assert "check the address and the network" in ended.err.splitlines()[-1]


def interrupted(rehook: SandboxProcess, ledger: str, state: Sequence[str]) -> Ended:
    process = start("reconcile", "rehook", ledger, *state, environ=rehook.environ)
    while not rehook.control("GET", "observed")["requests"].get("transactions"):
        assert process.poll() is None
    return end(process, signal.SIGINT)


def test_ctrl_c_and_on(rehook: SandboxProcess, tmp_path: Path, state: list[str], inside: Inside) -> None:
    """130, one line; the same command ends it."""
    ledger = ledger_of(tmp_path, booked(rehook, 2, inside))
    rehook.faults("hang:transactions")
    ended = interrupted(rehook, ledger, state)
    assert (ended.code, ended.out) == (130, "")
    assert ended.err.splitlines()[-1] == "interrupted"
    rehook.faults("")
    assert inside("reconcile", "rehook", ledger, *state, environ=rehook.environ).code == 0
