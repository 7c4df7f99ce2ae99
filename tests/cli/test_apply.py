"""``wallet-async apply``, against a sandbox: shown, asked for, booked once, told."""

from __future__ import annotations

import asyncio
import csv
import os
import pty
from pathlib import Path
from typing import Any

import pytest

from rehook_async import RehookSession
from tests.cli.journal import one_line, url_of
from tests.cli.plans import booked, lines, plan_of, states
from tests.cli.process import Inside, SandboxProcess, end, start
from tests.reconcile.repair.differences import only_there
from wallet_async.cli.apply import work
from wallet_async.engine.errors import WalletError
from wallet_async.journal import Journal
from wallet_async.reconcile.repair import applying


def applies_once(sandbox: SandboxProcess, folder: Path, url: str, inside: Inside) -> None:
    """Check that two runs book each movement of a plan once."""
    provider, wallet = sandbox.said["provider"], sandbox.wallet()
    plan = plan_of(folder, lines(wallet, 5), provider)
    apply = ("apply", provider, plan, "--journal", url, "--yes", "--json")
    first = inside(*apply, environ=sandbox.environ)
    assert (first.code, first.err) == (0, "applied: 5\n")
    assert [row["reference"] for row in first.rows] == [f"{wallet[-1]}-{n}" for n in range(5)]
    again = inside(*apply, environ=sandbox.environ)
    assert (again.code, again.err) == (0, "already: 5\n")
    assert sorted(row["amount"] for row in booked(sandbox, wallet)) == [1, 2, 3, 4, 5]


def test_a_plan_is_applied_once(rehook: SandboxProcess, tmp_path: Path, url: str, inside: Inside) -> None:
    """Each movement once, also if the plan is applied twice."""
    applies_once(rehook, tmp_path, url, inside)


def test_a_plan_of_the_other_provider(loyalty: SandboxProcess, tmp_path: Path, url: str, inside: Inside) -> None:
    """The same."""
    applies_once(loyalty, tmp_path, url, inside)


def test_twin_a_command_whose_session_has_no_journal(
    rehook: SandboxProcess, tmp_path: Path, url: str, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotaged twin: the second run pays again."""

    original = work.make_session

    def without(*arguments: Any, **more: Any) -> Any:
        return original(*arguments, **more | {"journal": None})

    monkeypatch.setattr(work, "make_session", without)
    with pytest.raises(AssertionError):
        applies_once(rehook, tmp_path, url, inside)


def another_journal_pays_once(rehook: SandboxProcess, folder: Path, url: str, inside: Inside, *words: str) -> None:
    """Check that a second run with another journal, after the journal command *words* on it, books nothing."""
    wallet, other = rehook.wallet(), url_of(folder / "other.db")
    apply = ("apply", "rehook", plan_of(folder, lines(wallet, 2)), "--yes", "--journal")
    assert inside(*apply, url, environ=rehook.environ).code == 0
    assert inside("journal", "install", other, environ={}).code == 0
    assert inside("journal", *words, other, environ={}).code == 0
    assert inside(*apply, other, environ=rehook.environ).code == 0
    assert len(booked(rehook, wallet)) == 2


def test_with_another_journal(rehook: SandboxProcess, tmp_path: Path, url: str, inside: Inside) -> None:
    """Declared restored, as the help says: every movement is looked up before it is sent."""
    another_journal_pays_once(rehook, tmp_path, url, inside, "declare-restored")


def test_twin_another_journal_that_is_taken_for_whole(
    rehook: SandboxProcess, tmp_path: Path, url: str, inside: Inside
) -> None:
    """Sabotaged twin: what the help warns of."""
    with pytest.raises(AssertionError):
        another_journal_pays_once(rehook, tmp_path, url, inside, "check")


def test_what_became_of_it_is_told(rehook: SandboxProcess, tmp_path: Path, url: str, inside: Inside) -> None:
    """A row each in the report, in the order of the plan; on the screen what is not booked, and the lines for you."""
    wallet = rehook.wallet()
    rows = [
        {**lines(wallet, 1, "debit")[0], "ledger_amount": 100},
        *lines(wallet, 3)[1:],
        only_there("missing_in_ledger", 9, wallet="\t".join(wallet)),
    ]
    report = tmp_path / "done.csv"
    apply = ("apply", "rehook", plan_of(tmp_path, rows), "--journal", url, "--yes", "--report", str(report))
    ended = inside(*apply, environ=rehook.environ)
    assert ended.code == 1
    assert "for the ledger, not done here: 1 line (1 credit: 10)" in ended.err
    assert ended.err.endswith("applied: 2, refused: 1\nerror: not booked: 1\n")
    assert ended.out.count(f"{wallet[-1]}-0") == 2  # in the plan, and as refused
    with report.open(newline="") as file:
        told = list(csv.DictReader(file))
    assert [(row["reference"][-1], row["state"]) for row in told] == [
        ("0", "refused"),
        ("1", "applied"),
        ("2", "applied"),
    ]
    assert told[0]["error"]
    assert [row["transaction_id"] for row in told[1:]] == [row["transaction_id"] for row in booked(rehook, wallet)]


def test_a_lost_answer_is_unknown_and_then_known(
    rehook: SandboxProcess, tmp_path: Path, url: str, inside: Inside
) -> None:
    """3, and the next run finds it in the history: it was booked before, and is not sent again."""
    wallet = rehook.wallet()
    rehook.faults("close@after:credit times=1")
    apply = ("apply", "rehook", plan_of(tmp_path, lines(wallet, 2)), "--journal", url, "--yes", "--json")
    ended = inside(*apply, "--concurrency", "1", environ=rehook.environ)
    assert (ended.code, states(ended)) == (3, {"unknown": 1, "applied": 1})
    assert "error: may or may not have been booked: 1; `wallet-async journal resolve` finds out" in ended.err
    again = inside(*apply, environ=rehook.environ)
    assert (again.code, states(again)) == (0, {"already": 2})
    assert len(booked(rehook, wallet)) == 2


def test_a_reference_of_another_movement_harms_no_other(
    rehook: SandboxProcess, tmp_path: Path, url: str, inside: Inside
) -> None:
    """Its row says so; the others are booked."""
    wallet = rehook.wallet()
    first, other = lines(wallet, 2)
    apply = ("apply", "rehook", str(tmp_path / "plan.csv"), "--journal", url, "--yes", "--json")
    plan_of(tmp_path, [first])
    assert inside(*apply, environ=rehook.environ).code == 0
    plan_of(tmp_path, [{**first, "ledger_amount": 100}, other])
    ended = inside(*apply, environ=rehook.environ)
    assert (ended.code, [row["state"] for row in ended.rows]) == (1, ["refused", "applied"])
    assert "was used before, for another movement" in ended.rows[0]["error"]
    assert [row["amount"] for row in booked(rehook, wallet)] == [1, 2]


def asked_again_as_before(rehook: SandboxProcess, folder: Path, url: str, inside: Inside) -> None:
    """Check that a movement the application was refused is booked as the application had asked for it."""
    wallet = rehook.wallet()
    (line,) = lines(wallet, 1)

    async def refused() -> None:
        async with (
            await Journal.open(url) as journal,
            RehookSession.from_env(rehook.environ, journal=journal) as session,
        ):
            with pytest.raises(WalletError):
                await session.credit(*wallet, 1, description="Order 1847", reference=line["reference"])

    rehook.faults("status@before:credit 400 times=1")
    asyncio.run(refused())
    ended = inside("apply", "rehook", plan_of(folder, [line]), "--journal", url, "--yes", environ=rehook.environ)
    assert (ended.code, ended.err) == (0, "applied: 1\n")
    (row,) = booked(rehook, wallet)
    assert row["description"].endswith(" Order 1847")


def test_what_was_refused_once_is_asked_for_as_before(
    rehook: SandboxProcess, tmp_path: Path, url: str, inside: Inside
) -> None:
    """A ledger has no description: the journal has, and the reference stands for the whole of it."""
    asked_again_as_before(rehook, tmp_path, url, inside)


def test_twin_a_plan_that_asks_in_its_own_words(
    rehook: SandboxProcess, tmp_path: Path, url: str, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotaged twin: it is another movement under the same reference, and refused for ever."""
    monkeypatch.setattr(applying, "as_first_asked", lambda movement, _: movement)
    with pytest.raises(AssertionError):
        asked_again_as_before(rehook, tmp_path, url, inside)


def test_it_asks(rehook: SandboxProcess, tmp_path: Path, url: str) -> None:
    """On the terminal, with what it would do; anything but yes sends nothing."""
    wallet = rehook.wallet()
    plan = plan_of(tmp_path, [*lines(wallet, 2), *lines(wallet, 3, "debit")[2:]])
    for answer, code, number in (("n\n", 1, 0), ("y\n", 0, 3)):
        controller, terminal = pty.openpty()
        process = start("apply", "rehook", plan, "--journal", url, environ=rehook.environ, stdin=terminal)
        os.write(controller, answer.encode())
        ended = end(process)
        os.close(terminal)
        os.close(controller)
        assert (ended.code, len(booked(rehook, wallet))) == (code, number), ended.err
        assert "Apply 3 movements (2 credits: 3, 1 debit: 3; 1 wallet) at rehook? [y/N] " in ended.err
    assert f"{wallet[-1]}-1" in ended.out


def books_credits_first(rehook: SandboxProcess, folder: Path, url: str, inside: Inside) -> None:
    """Check that a debit which only the credits of the same plan cover is booked."""
    wallet = rehook.wallet()
    plan = plan_of(folder, [*lines(wallet, 1, "debit"), *lines(wallet, 3)[2:]])
    ended = inside("apply", "rehook", plan, "--journal", url, "--yes", environ=rehook.environ)
    assert (ended.code, ended.err) == (0, "applied: 2\n")


def test_credits_go_first(rehook: SandboxProcess, tmp_path: Path, url: str, inside: Inside) -> None:
    """In one wallet; otherwise a debit would be refused until the plan is applied once more."""
    books_credits_first(rehook, tmp_path, url, inside)


def test_twin_in_the_order_of_the_plan(
    rehook: SandboxProcess, tmp_path: Path, url: str, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotaged twin."""
    monkeypatch.setattr(applying, "_in_order", list)
    with pytest.raises(AssertionError):
        books_credits_first(rehook, tmp_path, url, inside)


def refused(inside: Inside, rehook: SandboxProcess, *words: str, code: int = 2, **environ: str) -> str:
    """Run *words*, which have to be refused in one line with nothing sent; give the line."""
    rehook.control("DELETE", "observed")
    ended = inside("apply", *words, environ={**rehook.environ, **environ})
    assert (ended.code, rehook.control("GET", "observed")["requests"]) == (code, {})
    return one_line(ended)


def test_what_is_wrong_is_said_before_anything_is_sent(
    rehook: SandboxProcess, tmp_path: Path, url: str, inside: Inside
) -> None:
    """One line each."""
    plan = plan_of(tmp_path, lines(rehook.wallet(), 1))
    yes = ("--yes", "--journal")
    none = url_of(tmp_path / "none.db")
    assert "there is no such file: run `wallet-async journal install`" in refused(
        inside, rehook, "rehook", plan, *yes, none, code=1
    )
    assert "which journal?" in refused(inside, rehook, "rehook", plan, "--yes")
    assert "no such folder" in refused(
        inside, rehook, "rehook", plan, *yes, url, "--report", str(tmp_path / "no" / "done.csv")
    )
    assert "cannot be read" in refused(inside, rehook, "rehook", f"{plan}.gone", *yes, url)
    assert "columns difference,where,wallet_number" in refused(inside, rehook, "loyalty", plan, *yes, url)
    assert "no provider 'acme'" in refused(inside, rehook, "acme", plan, *yes, url)
    assert "REHOOK_API_KEY" in refused(inside, rehook, "rehook", plan, *yes, url, REHOOK_API_KEY="")
    assert not (tmp_path / "none.db").exists()


def test_without_a_terminal_it_wants_a_yes(rehook: SandboxProcess, tmp_path: Path, url: str, inside: Inside) -> None:
    """2: nobody was asked. The journal may come from the environment."""
    plan = plan_of(tmp_path, lines(rehook.wallet(), 1))
    said = refused(inside, rehook, "rehook", plan, WALLET_ASYNC_JOURNAL=url)
    assert said == "error: there is no terminal to ask on; --yes applies the plan without a question\n"


def test_a_plan_without_movements_is_done(rehook: SandboxProcess, tmp_path: Path, url: str, inside: Inside) -> None:
    """0, and nobody is asked."""
    plan = plan_of(tmp_path, [only_there("missing_in_ledger", 1)])
    ended = inside("apply", "rehook", plan, "--journal", url, environ=rehook.environ)
    assert (ended.code, ended.err.splitlines()[-1]) == (0, "nothing to book at the provider")
