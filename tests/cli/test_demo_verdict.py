"""The demo's judgement, as a pure function: it agrees with the truth and with nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from wallet_async.cli.demo.ledger import Line, generate
from wallet_async.cli.demo.verdict import Truth, WalletVerdict, judge
from wallet_async.engine.errors import ServerError
from wallet_async.provider import HistoryRow

LINES = tuple(line for line in generate(movements=60, wallets=2, seed=1).lines if line.wallet == "wallet 0")
MARKS = {line.reference: f"mark of {line.reference}" for line in LINES}
NOW = datetime(2026, 1, 31, tzinfo=UTC)

Rows = tuple[HistoryRow, ...]


def row(line: Line) -> HistoryRow:
    return HistoryRow(
        transaction_id=f"id of {line.reference}",
        kind=line.kind,
        amount=line.amount,
        created_at=NOW,
        mark=MARKS[line.reference],
    )


HISTORY: Rows = tuple(row(line) for line in reversed(LINES))


def truth(rows: Rows) -> Truth:
    balance = sum((one.amount if one.kind == "credit" else -one.amount for one in rows), Decimal(0))
    return Truth(rows=tuple((one.transaction_id, one.kind, one.amount) for one in rows), balance=balance)


def verdict(history: Rows, held: Truth | None = None) -> WalletVerdict:
    return judge("w", ledger=LINES, marks=MARKS, history=history, truth=held or truth(history))


def test_what_agrees_agrees() -> None:
    """Every line once, the same amounts, the sandbox says the same; also for a wallet with nothing in it."""
    found = verdict(HISTORY)
    assert found.agrees
    assert found.expected == found.found == found.held > 0
    assert judge("w", ledger=(), marks={}, history=(), truth=truth(())).agrees


ALTERATIONS: dict[str, Callable[[HistoryRow], HistoryRow]] = {
    "amount": lambda one: evolve(one, amount=one.amount + Decimal("0.01")),
    "kind": lambda one: evolve(one, kind="debit" if one.kind == "credit" else "credit"),
    "mark": lambda one: evolve(one, mark="another"),
    "no mark": lambda one: evolve(one, mark=None),
    "id": lambda one: evolve(one, transaction_id="another"),
}


@given(st.integers(0, len(HISTORY) - 1), st.sampled_from(sorted(ALTERATIONS)))
def test_any_altered_row_is_seen(place: int, what: str) -> None:
    """One row that was read differently from what was booked, anywhere, and the wallet does not agree."""
    altered = (*HISTORY[:place], ALTERATIONS[what](HISTORY[place]), *HISTORY[place + 1 :])
    assert not verdict(altered, truth(HISTORY)).agrees
    if what != "id":  # an id is the provider's own: if the sandbox says the same, it is right
        assert not verdict(altered).agrees


@given(st.integers(0, len(HISTORY) - 1))
def test_a_lost_a_doubled_and_a_foreign_row_are_named(place: int) -> None:
    """Also if the provider itself has lost or doubled it, and history and sandbox are of one mind."""
    one = HISTORY[place]
    line = next(line for line in LINES if MARKS[line.reference] == one.mark)
    lost = verdict((*HISTORY[:place], *HISTORY[place + 1 :]))
    assert (lost.missing, lost.doubled, lost.agrees) == ((line.reference,), (), False)
    doubled = verdict((evolve(one, transaction_id="second"), *HISTORY))
    assert (doubled.missing, doubled.doubled, doubled.agrees) == ((), (line.reference,), False)
    foreign = verdict((evolve(one, transaction_id="elsewhere", mark=None), *HISTORY))
    assert (foreign.foreign, foreign.agrees) == (("elsewhere",), False)


def test_two_faults_that_cancel_out_are_still_seen() -> None:
    """Sums alone would agree: a row lost and another of its size in its place, two amounts exchanged."""
    first, second = HISTORY[0], HISTORY[1]
    replaced = (evolve(first, mark="another"), *HISTORY[1:])
    exchanged = (
        evolve(first, amount=second.amount, kind=second.kind),
        evolve(second, amount=first.amount, kind=first.kind),
        *HISTORY[2:],
    )
    for history in (replaced, exchanged):
        found = verdict(history)
        assert found.expected == found.found == found.held
        assert not found.agrees


def test_the_sandboxs_word_counts() -> None:
    """A history that repeats the ledger does not help if the sandbox has booked something else."""
    assert verdict(HISTORY, truth(HISTORY[1:])).unlike_truth == 1
    assert not verdict(HISTORY, evolve(truth(HISTORY), balance=Decimal(0))).agrees


@pytest.mark.parametrize("ledger", [(), LINES])
def test_a_history_that_cannot_be_read_never_agrees(ledger: tuple[Line, ...]) -> None:
    """Nothing is said of its rows but why they are not known."""
    error = ServerError("broken", status=500)
    found = judge("w", ledger=ledger, marks=MARKS, history=error, truth=truth(()))
    assert not found.agrees
    assert (found.error, found.missing, found.unlike_truth) == (error, (), 0)
