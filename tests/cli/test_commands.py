"""Commands of the providers: what they print, and the exit code of every way to end."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest

from tests.cli.process import Ended, Inside, SandboxProcess, environment, wallet_async

BIG = "12345678901234567.89"

FILL = """
import asyncio
from rehook_async import RehookSession

async def main():
    async with RehookSession.from_env() as rehook:
        for points in range(1, 46):
            await rehook.credit(*{wallet!r}, points, description="=cmd()")

asyncio.run(main())
"""


def rehook_credit(sandbox: SandboxProcess, wallet: list[str], points: str, *options: str) -> Ended:
    return wallet_async("rehook", "credit", *wallet, points, *options, environ=sandbox.environ)


def one_line(ended: Ended) -> str:
    """Give the one line on the standard error: no traceback, no warning of Python's."""
    assert ended.err.count("\n") == 1, ended.err
    return ended.err


def test_a_receipt_as_json_is_exact(rehook: SandboxProcess) -> None:
    """Exit code 0, one JSON line, every digit, ids as strings; the sandbox holds the same."""
    wallet = rehook.wallet()
    done = rehook_credit(rehook, wallet, BIG, "--json", "--reference", "o-1", "--description", "Order 1847")
    assert (done.code, done.err) == (0, "")
    (receipt,) = done.rows
    assert receipt["points"] == receipt["balance"] == Decimal(BIG)
    assert receipt["transaction_id"].startswith("trhi_")
    assert (receipt["reference"], receipt["description"]) == ("o-1", "Order 1847")
    (entry,) = [row for row in rehook.control("GET", "ledger")["entries"] if row["wallet"] == wallet]
    assert entry["amount"] == Decimal(BIG)


def test_a_receipt_as_table_and_as_csv(rehook: SandboxProcess, inside: Inside) -> None:
    """The same receipt for a person and for a spreadsheet."""
    credit = ("rehook", "credit", *rehook.wallet())
    table = inside(*credit, "20", environ=rehook.environ)
    assert re.search(r"^balance +20$", table.out, re.MULTILINE)
    (row,) = csv.DictReader(io.StringIO(inside(*credit, "0.5", "--csv", environ=rehook.environ).out))
    assert (row["points"], row["balance"], row["reference"]) == ("0.5", "20.5", "")


@pytest.fixture(scope="module")
def full_wallet(rehook_process: SandboxProcess) -> list[str]:
    """A wallet with more rows than two pages hold."""
    wallet = rehook_process.wallet()
    script = FILL.format(wallet=wallet)
    subprocess.run([sys.executable, "-c", script], env=environment(rehook_process.environ), check=True)
    return wallet


def test_a_history_in_each_form(rehook: SandboxProcess, full_wallet: list[str], inside: Inside) -> None:
    """All pages, newest first, the same rows as JSON, CSV and table."""
    history = ("rehook", "history", *full_wallet)
    rows = inside(*history, "--json", environ=rehook.environ).rows
    assert [row["points"] for row in rows] == list(range(45, 0, -1))
    read = list(csv.DictReader(io.StringIO(inside(*history, "--csv", environ=rehook.environ).out)))
    assert [row["transaction_id"] for row in read] == [row["transaction_id"] for row in rows]
    assert read[0]["description"] == "'=cmd()"
    table = inside(*history, environ=rehook.environ).out.splitlines()
    assert len(table) == 46
    assert table[0].split() == ["transaction_id", "type", "points", "description", "created_at", "(UTC)"]
    assert len({line.index(" credit ") for line in table[1:]}) == 1


def test_limit_since_and_resume(rehook: SandboxProcess, full_wallet: list[str], inside: Inside) -> None:
    """The options of a history come from the provider's own function; a time without zone is local (here UTC)."""
    history = ("rehook", "history", *full_wallet, "--json")
    rows = inside(*history, "--limit", "21", environ=rehook.environ).rows
    assert len(rows) == 21
    rest = inside(*history, "--resume", f"2:{rows[-1]['transaction_id']}", environ=rehook.environ).rows
    assert [row["points"] for row in rows + rest] == list(range(45, 0, -1))
    assert inside(*history, "--since", "2999-01-01", environ=rehook.environ).rows == []
    since = rows[0]["created_at"].removesuffix("Z")
    assert inside(*history, "--since", since, environ=rehook.environ).rows[0] == rows[0]


def test_an_empty_history_tells_how_to_check(rehook: SandboxProcess, inside: Inside) -> None:
    """Exit code 0, nothing on the standard output, and a hint beside it."""
    for form in ((), ("--json",)):
        empty = inside("rehook", "history", *rehook.wallet(), *form, environ=rehook.environ)
        assert (empty.code, empty.out) == (0, "")
        assert "wallet-async rehook wallets SOURCE_ID" in one_line(empty)


def test_a_list_and_a_nested_value(rehook: SandboxProcess, loyalty: SandboxProcess, inside: Inside) -> None:
    """Wallets come as rows; what a loyalty receipt holds inside is a nested object, and a name with a dot."""
    source, wallet_id = rehook.wallet()
    (wallet,) = inside("rehook", "wallets", source, "--json", environ=rehook.environ).rows
    assert wallet["wallet_id"] == wallet_id
    credit = ("loyalty", "credit", *loyalty.wallet(), "0.10", "--reference")
    (receipt,) = inside(*credit, "r-1", "--json", environ=loyalty.environ).rows
    assert receipt["wallet"]["total_balance"] == Decimal("0.10")
    shown = inside(*credit, "r-2", environ=loyalty.environ).out
    assert re.search(r"^wallet.payment_balance.available +0.20$", shown, re.MULTILINE)


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        ("status@before:credit 400", 1, "nothing was booked"),
        ("status@before:credit 401", 1, "check the credentials"),
        ("status@before:credit 429 retry-after=99s", 1, "try again in 99 s"),
        ("close@after:credit", 3, "its row shows"),
        ("truncate:credit", 3, "do not send it again"),
        ("status@after:credit 502 body=html", 3, "may or may not have been booked"),
    ],
)
def test_the_exit_code_tells_a_refusal_from_an_open_outcome(
    rehook: SandboxProcess, inside: Inside, fault: str, code: int, words: str
) -> None:
    """1 only if certainly nothing was booked, 3 if it may have been; the line says what to do."""
    rehook.faults(fault)
    wallet = rehook.wallet()
    ended = inside("rehook", "credit", *wallet, "20", "--reference", "o-9", "--json", environ=rehook.environ)
    assert (ended.code, ended.out) == (code, "")
    assert words in one_line(ended)
    booked = [row for row in rehook.control("GET", "ledger")["entries"] if row["wallet"] == wallet]
    assert len(booked) == (0 if code == 1 else 1)


def test_the_line_on_an_open_outcome_can_be_pasted(rehook: SandboxProcess) -> None:
    """The command in it shows the row, and the mark in it is the row's."""
    rehook.faults("close@after:credit")
    line = one_line(rehook_credit(rehook, rehook.wallet(), "20", "--reference", "o-10"))
    rehook.faults("")
    command = re.search(r"`wallet-async (rehook history [^`]*)`", line)
    mark = re.search(r"its row shows ([A-Z2-7]{26}),", line)
    assert command
    assert mark
    (row,) = wallet_async(*command[1].split(), "--json", environ=rehook.environ).rows
    assert row["description"] == mark[1]


def test_no_connection_is_told_apart(rehook: SandboxProcess, inside: Inside) -> None:
    """4 if nobody answers: nothing was sent."""
    closed = rehook.environ | {"REHOOK_BASE_URL": "http://127.0.0.1:9"}
    ended = wallet_async("rehook", "credit", "a", "b", "1", environ=closed)
    assert ended.code == 4
    assert "nothing was booked" in one_line(ended)
    rehook.faults("hang:wallets")
    late = inside("rehook", "wallets", rehook.wallet()[0], "--timeout", "0.05", environ=rehook.environ)
    assert late.code == 4


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("rehok",), 'Did you mean "rehook"?'),
        (("rehook", "histroy"), 'Did you mean "history"?'),
        (("rehook", "credit", "a", "b", "1", "--refrence", "x"), "--reference"),
        (("rehook", "credit", "a"), "--wallet-id"),
        (("rehook", "credit", "a", "b", "2,5"), "points must be a number such as 20 or 12.50, not '2,5'"),
        (("rehook", "credit", "a", "b", "nan"), "points must be"),
        (("rehook", "credit", "a", "b", "-5"), "points must be"),
        (("rehook", "credit", "", "b", "5"), "source_id must be"),
        (("rehook", "history", "a", "b", "--since", "yesterday"), "--since: must be a time such as"),
        (("rehook", "history", "a", "b", "--limit", "x"), "--limit"),
        (("rehook", "history", "a", "b", "--resume", "x:"), "checkpoint must be"),
        (("rehook", "wallets", "a", "--json", "--csv"), "--json and --csv exclude each other"),
        (("rehook", "wallets", "a", "--timeout", "0"), "Timeouts.total"),
        (("rehook", "wallets", "a", "--env-file", "/none"), "--env-file /none cannot be read"),
    ],
)
def test_a_mistake_in_the_command_is_one_clear_line(words: tuple[str, ...], line: str, inside: Inside) -> None:
    """2, one line that names what is wrong, and nothing was sent: there is nobody to send it to."""
    nobody = {"REHOOK_API_KEY": "k", "REHOOK_SECRET_KEY": "s", "REHOOK_BASE_URL": "http://127.0.0.1:9"}
    ended = inside(*words, environ=nobody)
    assert (ended.code, ended.out) == (2, "")
    assert line in one_line(ended)


def test_a_missing_credential_is_named(rehook: SandboxProcess) -> None:
    """2, and the line names the variable and the file it may stand in."""
    environ = rehook.environ
    del environ["REHOOK_SECRET_KEY"]
    ended = wallet_async("rehook", "wallets", "a", environ=environ)
    assert ended.code == 2
    assert "REHOOK_SECRET_KEY" in one_line(ended)
    assert "--env-file" in ended.err


def test_credentials_from_a_file(rehook: SandboxProcess, tmp_path: Path) -> None:
    """What `sandbox` prints is such a file; it wins, and a file that others can read is warned of."""
    path = tmp_path / "rehook.env"
    path.write_text("".join(f"export {name}='{value}'\n" for name, value in rehook.environ.items()))
    path.chmod(0o600)
    source = rehook.wallet()[0]
    words = ("rehook", "wallets", source, "--json", "--env-file", str(path))
    found = wallet_async(*words, environ={"REHOOK_SECRET_KEY": "another"})
    assert (found.code, found.err) == (0, "")
    path.chmod(0o644)
    found = wallet_async(*words)
    assert found.code == 0
    assert one_line(found).startswith(f"warning: {path} can be used by others")


def test_a_deadline_is_kept_by_the_whole_process(rehook: SandboxProcess) -> None:
    """`--timeout` ends a call that gets no answer."""
    rehook.faults("hang:credit")
    begun = time.monotonic()
    assert rehook_credit(rehook, rehook.wallet(), "1", "--timeout", "0.1").code == 3
    assert time.monotonic() - begun < 10
