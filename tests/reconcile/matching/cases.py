"""Small wallets, one for each thing a rule says, and what has to come of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from attrs import evolve, frozen

from tests.reconcile.matching.world import NOON, READ_AT, About, Found, Line, Row, World, at
from wallet_async.reconcile.model import Rules

line, row = partial(Line, line=2), partial(Row, transaction_id="t1")
second, other = partial(Line, line=3), partial(Row, transaction_id="t2")
_LATE = (READ_AT + timedelta(minutes=1)).replace(tzinfo=None)
_BEFORE = (READ_AT - timedelta(minutes=1)).replace(tzinfo=None)
_TWELVE = Decimal(12)
_READ = About()


@frozen(kw_only=True)
class Case:
    """One wallet."""

    lines: Sequence[Line] = ()
    rows: Sequence[Row] = ()
    about: About | None = _READ
    found: Sequence[tuple[Any, ...]] = ()
    """As `Found.short` gives them, less the wallet."""


CASES: Mapping[str, Case] = {
    "nothing on either side": Case(),
    "alike by id": Case(lines=[line(transaction_id="t1")], rows=[row()]),
    "alike by reference": Case(lines=[line(reference="a")], rows=[row(reference="a")]),
    "alike by time": Case(lines=[line()], rows=[row(created_at=at(1))]),
    "a reference that another wallet has": Case(
        lines=[line(reference="one")], found=[("missing_at_provider", 2, None)]
    ),
    "a reference that another wallet's line has": Case(
        rows=[row(reference="one")], found=[("missing_in_ledger", None, "t1")]
    ),
    "by id before reference": Case(
        lines=[line(transaction_id="t1", reference="a")],
        rows=[row(), other(reference="a", created_at=at(9))],
        found=[("missing_in_ledger", None, "t2")],
    ),
    "kind, amount and time differ": Case(
        lines=[line(transaction_id="t1")],
        rows=[row(kind="debit", amount=_TWELVE, created_at=at(2))],
        found=[("kind_differs", 2, "t1")],
    ),
    "amount and time differ": Case(
        lines=[line(reference="a")],
        rows=[row(reference="a", amount=_TWELVE, created_at=at(2))],
        found=[("amount_differs", 2, "t1")],
    ),
    "twelve decimals count": Case(
        lines=[line(reference="a")],
        rows=[row(reference="a", amount=Decimal("10.000000000001"))],
        found=[("amount_differs", 2, "t1")],
    ),
    "a microsecond past the window": Case(
        lines=[line(transaction_id="t1")],
        rows=[row(created_at=at(1) + timedelta(microseconds=1))],
        found=[("time_differs", 2, "t1")],
    ),
    "no time in the ledger": Case(lines=[line(transaction_id="t1", created_at=None)], rows=[row(created_at=at(9))]),
    "currencies differ": Case(
        lines=[line(transaction_id="t1", currency="TRY")],
        rows=[row(currency="EUR")],
        found=[("ambiguous", 2, "t1")],
    ),
    "one currency in two spellings": Case(
        lines=[line(transaction_id="t1", currency="try")], rows=[row(currency="TRY")]
    ),
    # Several rows of one reference or id
    "a reference booked twice on both sides": Case(
        lines=[line(reference="a"), second(reference="a")],
        rows=[row(reference="a"), other(reference="a")],
    ),
    "booked twice": Case(
        lines=[line(reference="a")],
        rows=[row(reference="a"), other(reference="a", created_at=at(5))],
        found=[("duplicated_at_provider", None, "t2")],
    ),
    "booked twice, the amount tells which": Case(
        lines=[line(reference="a")],
        rows=[row(reference="a", amount=_TWELVE), other(reference="a", created_at=at(5))],
        found=[("duplicated_at_provider", None, "t1"), ("time_differs", 2, "t2")],
    ),
    "booked twice, in the ledger never": Case(
        rows=[row(reference="a"), other(reference="a", amount=_TWELVE)],
        found=[("duplicated_at_provider", None, "t2"), ("missing_in_ledger", None, "t1")],
    ),
    "booked and taken back": Case(
        lines=[line(reference="a")],
        rows=[row(reference="a"), other(reference="a", kind="debit")],
        found=[("missing_in_ledger", None, "t2")],
    ),
    "booked and taken back, both amounts differ": Case(
        lines=[line(reference="a"), second(reference="a", kind="debit", created_at=at(0.1))],
        rows=[
            other(reference="a", kind="debit", amount=_TWELVE),
            row(reference="a", amount=_TWELVE, created_at=at(0.1)),
        ],
        found=[("amount_differs", 2, "t1"), ("amount_differs", 3, "t2")],
    ),
    "written twice by reference": Case(
        lines=[line(reference="a"), second(reference="a", amount=_TWELVE)],
        rows=[row(reference="a")],
        found=[("duplicated_in_ledger", 3, None)],
    ),
    "written twice by id, once as the other kind": Case(
        lines=[line(transaction_id="t1"), second(transaction_id="t1", kind="debit")],
        rows=[row()],
        found=[("duplicated_in_ledger", 3, None)],
    ),
    "written twice, booked never": Case(
        lines=[line(reference="a"), second(transaction_id="t9", reference="a")],
        found=[("duplicated_in_ledger", 3, None), ("missing_at_provider", 2, None)],
    ),
    # Evidence that contradicts
    "id not there, reference booked": Case(
        lines=[line(transaction_id="t9", reference="a")],
        rows=[row(reference="a")],
        found=[("ambiguous", 2, "t1")],
    ),
    "id not there, reference booked and matched": Case(
        lines=[line(transaction_id="t9", reference="a"), second(transaction_id="t1")],
        rows=[row(reference="a")],
        found=[("ambiguous", 2, None)],
    ),
    "id not there, a row alike is": Case(
        lines=[line(transaction_id="t9")],
        rows=[row()],
        found=[("missing_at_provider", 2, None), ("missing_in_ledger", None, "t1")],
    ),
    "references differ": Case(
        lines=[line(reference="a")],
        rows=[row(reference="b")],
        found=[("missing_at_provider", 2, None), ("missing_in_ledger", None, "t1")],
    ),
    "only the ledger has the reference": Case(lines=[line(reference="a")], rows=[row()]),
    "only the provider has the reference": Case(lines=[line()], rows=[row(reference="a")]),
    "two with a reference, two without": Case(
        lines=[line(reference="a"), second(created_at=at(0.1))],
        rows=[row(reference="b"), other(created_at=at(0.1))],
        found=[("ambiguous", 2, "t2", "note"), ("ambiguous", 3, "t1", "note")],
    ),
    "as many, but the references exclude one another": Case(
        lines=[line(reference="a"), second(reference="b"), Line(line=4)],
        rows=[row(reference="c"), other(reference="d"), Row(transaction_id="t3")],
        found=[
            ("ambiguous", None, "t1"),
            ("ambiguous", None, "t2"),
            ("ambiguous", None, "t3"),
            ("ambiguous", 2, None),
            ("ambiguous", 3, None),
            ("ambiguous", 4, None),
        ],
    ),
    # By time
    "past the window": Case(
        lines=[line()],
        rows=[row(created_at=at(1) + timedelta(microseconds=1))],
        found=[("missing_at_provider", 2, None), ("missing_in_ledger", None, "t1")],
    ),
    "two candidates, one nearer": Case(
        lines=[line()],
        rows=[row(created_at=at(0.01)), other(created_at=at(0.9))],
        found=[("ambiguous", None, "t1"), ("ambiguous", None, "t2"), ("ambiguous", 2, None)],
    ),
    "two on each side": Case(
        lines=[line(), second(created_at=at(0.5))],
        rows=[other(created_at=at(0.6)), row(created_at=at(0.1))],
        found=[("ambiguous", 2, "t1", "note"), ("ambiguous", 3, "t2", "note")],
    ),
    "a bridge of a row that can be nobody's": Case(
        lines=[line(reference="a")],
        rows=[row(created_at=at(1.5)), other(reference="b", created_at=at(0.7))],
        found=[
            ("missing_at_provider", 2, None),
            ("missing_in_ledger", None, "t1"),
            ("missing_in_ledger", None, "t2"),
        ],
    ),
    "two clusters": Case(
        lines=[line(), second(created_at=at(3))], rows=[row(created_at=at(0.5)), other(created_at=at(3))]
    ),
    "a line without time, and two rows far apart": Case(
        lines=[line(created_at=None)],
        rows=[row(), other(created_at=at(90))],
        found=[("ambiguous", None, "t1"), ("ambiguous", None, "t2"), ("ambiguous", 2, None)],
    ),
    # Unreadable
    "a line without anything": Case(
        lines=[line(kind=None, amount=None, created_at=None, problem="amount 'ten' is no number")],
        rows=[row()],
        found=[("missing_in_ledger", None, "t1"), ("unreadable_row", 2, None)],
    ),
    "a row that is known": Case(
        lines=[line(reference="a")],
        rows=[row(reference="a", amount=None, problem="13 decimals")],
        found=[("unreadable_row", 2, "t1")],
    ),
    "a row that nobody knows": Case(
        rows=[row(kind="gift", amount=None, problem="its kind is 'gift'")],
        found=[("unreadable_row", None, "t1")],
    ),
    "a line that may be the unreadable row": Case(
        lines=[line()],
        rows=[row(amount=None, problem="13 decimals")],
        found=[("ambiguous", 2, None), ("unreadable_row", None, "t1")],
    ),
    "a line that is not the unreadable row": Case(
        lines=[line(transaction_id="t9"), second(kind="debit"), Line(line=4, created_at=at(9))],
        rows=[row(amount=None, problem="13 decimals")],
        found=[
            ("missing_at_provider", 2, None),
            ("missing_at_provider", 3, None),
            ("missing_at_provider", 4, None),
            ("unreadable_row", None, "t1"),
        ],
    ),
    # Wallets
    "unknown": Case(lines=[line()], about=About(known=False), found=[("missing_at_provider", 2, None)]),
    "not read": Case(lines=[line()], about=About(error="timed out")),
    "never asked for": Case(lines=[line()], about=None),
    # Since the ledger was read
    "arrived since": Case(rows=[row(created_at=_LATE)]),
    "booked a second time since": Case(
        lines=[line(reference="a")], rows=[row(reference="a"), other(reference="a", created_at=_LATE)]
    ),
    "in flight while the ledger was read": Case(lines=[line(created_at=_BEFORE)], rows=[row(created_at=_LATE)]),
    "one more of the same since": Case(
        lines=[line(created_at=_BEFORE)],
        rows=[row(created_at=_BEFORE), other(created_at=_LATE)],
    ),
    "one of two is missing, and one more came since": Case(
        lines=[line(created_at=_BEFORE), second(created_at=_BEFORE)],
        rows=[row(created_at=_BEFORE), other(created_at=_LATE)],
        found=[("ambiguous", None, "t1"), ("ambiguous", 2, None), ("ambiguous", 3, None)],
    ),
    # Balances
    "balance right": Case(lines=[line()], rows=[row()], about=About(balance=Decimal(10))),
    "balance wrong": Case(
        lines=[line()], rows=[row()], about=About(balance=Decimal(-10)), found=[("balance_differs", None, None)]
    ),
    "balance of an empty history": Case(about=About(balance=Decimal(1)), found=[("balance_differs", None, None)]),
    "balance beside a row that cannot be read": Case(
        rows=[row(amount=None, problem="13 decimals")],
        about=About(balance=Decimal(1)),
        found=[("unreadable_row", None, "t1")],
    ),
}

BETWEEN = Rules(since=NOON, until=NOON + timedelta(hours=3))
CASES_BETWEEN: Mapping[str, Case] = {
    "at since": Case(lines=[line()], found=[("missing_at_provider", 2, None)]),
    "just before since": Case(lines=[line(created_at=at(0) - timedelta(microseconds=1))]),
    "just before until": Case(
        rows=[row(created_at=at(3) - timedelta(microseconds=1))], found=[("missing_in_ledger", None, "t1")]
    ),
    "at until": Case(rows=[row(created_at=at(3))]),
    "partners on two sides of since": Case(lines=[line()], rows=[row(created_at=at(-0.5))]),
    "a pair half inside": Case(
        lines=[line(transaction_id="t1")],
        rows=[row(created_at=at(-5))],
        found=[("time_differs", 2, "t1")],
    ),
    "a pair outside": Case(lines=[line(transaction_id="t1", created_at=at(-9))], rows=[row(created_at=at(-5))]),
    "no time, and history was read from since on": Case(lines=[line(created_at=None)]),
    "no balance of part of a history": Case(about=About(balance=Decimal(7))),
}


def world(cases: Mapping[str, Case], rules: Rules | None = None) -> World:
    """Put the cases into one world, each in the wallet of its name."""
    return World(
        lines=[evolve(line, wallet=name) for name, case in cases.items() for line in case.lines],
        rows=[evolve(row, wallet=name) for name, case in cases.items() for row in case.rows],
        about=[evolve(case.about, wallet=name) for name, case in cases.items() if case.about],
        rules=rules or Rules(),
    )


def wrong(cases: Mapping[str, Case], found: Found) -> dict[str, list[tuple[Any, ...]]]:
    """Give the cases that did not come out as they should, and how they did."""
    came = {name: [short[1:] for short in found.short if short[0] == name] for name in cases}
    return {name: came[name] for name, case in cases.items() if came[name] != list(case.found)}
