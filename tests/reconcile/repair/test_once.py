"""A plan that is written and applied again books nothing twice, whatever has become of ledger, journal and provider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from tests.reconcile.repair.differences import Row, difference, missing, only_there, unlike, write
from wallet_async.provider import load_provider
from wallet_async.reconcile.repair import evidence, plan, rules
from wallet_async.reconcile.repair.plan import PlanCounts, PlanRow, read_plan, write_plan
from wallet_async.reconcile.repair.rules import Found, Left, Repair

REHOOK = load_provider("rehook")
BOOKED = [
    missing(2, reference="order-1"),
    missing(3),
    missing(4),  # nothing but its line tells it from the one before
    unlike("amount_differs", 5, ("credit", 10), ("credit", "12.5")),
    unlike("kind_differs", 6, ("credit", 10), ("debit", 10)),
    only_there("duplicated_at_provider", 7),
]
"""One of each class that has a movement at the provider."""


def planned(folder: Path, rows: Sequence[Row]) -> tuple[PlanCounts, list[PlanRow]]:
    """Write the plan of *rows*, and read it."""
    differences = write(folder / "differences.parquet", rows)
    folders = {"history": folder / "history", "spill": folder / "spill"}
    counts = write_plan(folder / "plan.csv", differences, REHOOK, **folders)
    return counts, read_plan(folder / "plan.csv", REHOOK)


class Provider:
    """A provider as far as a plan goes: it books what comes, and a journal in front of it sends a reference once."""

    def __init__(self) -> None:
        self.booked: list[PlanRow] = []
        self._sent: set[str] = set()

    def apply(self, rows: Sequence[PlanRow]) -> None:
        for row in rows:
            if row.where == "provider" and row.reference is not None and row.reference not in self._sent:
                self._sent.add(row.reference)
                self.booked.append(row)

    def shows(self, **values: Any) -> list[dict[str, Any]]:
        """Give its corrections as the next reconciliation finds them: rows that the ledger does not have."""
        return [
            only_there(
                "missing_in_ledger", 100 + number, row.kind, row.amount, mark=REHOOK.mark(str(row.reference)), **values
            )
            for number, row in enumerate(self.booked)
            if str(row.reference).startswith("fix:")
        ]


def applied_twice_is_booked_once(folder: Path, again: Sequence[Row]) -> None:
    """Check that the plan of *again*, after that of `BOOKED`, books nothing."""
    provider = Provider()
    provider.apply(planned(folder, BOOKED)[1])
    assert len(provider.booked) == len(BOOKED)
    provider.apply(planned(folder, again)[1])
    assert len(provider.booked) == len(BOOKED)


def test_a_plan_applied_twice_books_once(tmp_path: Path) -> None:
    """Every reference is made from what is repaired."""
    applied_twice_is_booked_once(tmp_path, BOOKED)


def test_a_plan_does_not_hang_on_the_numbers_of_lines(tmp_path: Path) -> None:
    """A ledger that is written anew, with other lines before them, gives the same references."""
    moved = [{**row, "ledger_line": row["ledger_line"] + 700} if "ledger_line" in row else dict(row) for row in BOOKED]
    for row in moved:
        del row["id"]
    applied_twice_is_booked_once(tmp_path, [difference(row["class"], **row) for row in moved])


@pytest.mark.parametrize("named", ["anew", "by id"])
def test_twin_references_of_another_make(named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sabotaged twin: references that are new each time, or hang on the line, are booked again."""
    numbers = count()
    made = {"anew": lambda _: f"fix:{next(numbers):016}", "by id": lambda found: f"fix:{found.id}"}[named]
    monkeypatch.setattr(rules, "_reference", made)
    with pytest.raises(AssertionError):
        test_a_plan_does_not_hang_on_the_numbers_of_lines(tmp_path)


def nothing_is_paid_by_late_rows(folder: Path) -> None:
    """Check that of three missing lines, one of them under way, the provider ends with three rows."""
    lines = [
        missing(2, reference="order-1"),
        missing(3, reference="order-2", journal_state="in_doubt"),
        missing(4, reference="order-3", journal_state="sending"),
    ]
    elsewhere = Provider()  # another journal: it does not know what is under way
    counts, rows = planned(folder, lines)
    elsewhere.apply(rows)
    late = [row["reference"] for row in lines[1:]]
    assert sorted([*late, *(row.reference for row in elsewhere.booked)]) == ["order-1", "order-2", "order-3"]
    assert counts == PlanCounts(provider=1, ledger=0, person={}, journal=2, settled=0)


def test_what_the_journal_has_in_doubt_is_not_planned(tmp_path: Path) -> None:
    """It may still come: it is settled, not repeated."""
    nothing_is_paid_by_late_rows(tmp_path)


def test_twin_a_plan_that_does_not_ask_the_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sabotaged twin: what is in doubt is booked by the plan, comes late, and is paid twice."""

    def forgetful(found: Found) -> Repair | Left:
        return rules.repair(evolve(found, journal_state=None))

    monkeypatch.setattr(plan, "repair", forgetful)
    with pytest.raises(AssertionError):
        nothing_is_paid_by_late_rows(tmp_path)


def a_repair_shows_without_its_journal(folder: Path) -> None:
    """Check that what another machine has corrected is not planned by one that has neither its plan nor its journal."""
    provider = Provider()
    provider.apply(planned(folder, BOOKED)[1])
    fixed = [row for row in BOOKED if "reference" not in row]  # order-1 is matched by its own reference now
    counts, rows = planned(folder, [*fixed, *provider.shows()])
    assert rows == []
    assert counts == PlanCounts(provider=0, ledger=0, person={}, journal=0, settled=2 * len(fixed))


def test_a_correction_that_the_provider_shows_is_not_planned_again(tmp_path: Path) -> None:
    """Nor is its row proposed as a line for the ledger, which has the movement already."""
    a_repair_shows_without_its_journal(tmp_path)


def test_twin_a_plan_that_does_not_look_for_corrections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sabotaged twin: it pays every night again."""
    monkeypatch.setattr(evidence, "_keep_fixes", lambda *_: None)
    with pytest.raises(AssertionError):
        a_repair_shows_without_its_journal(tmp_path)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ({}, {"settled": 2}),
        ({"wallet": "meera\twaty_2"}, {"provider": 1, "ledger": 1}),
        ({"amount": Decimal(9)}, {"person": {"amount_differs": 1}, "settled": 1}),
        ({"kind": "credit"}, {"person": {"amount_differs": 1}, "settled": 1}),
        ({"severity": "note"}, {"provider": 1}),
    ],
    ids=str,
)
def test_only_the_very_correction_counts(seen: Mapping[str, Any], expected: Mapping[str, Any], tmp_path: Path) -> None:
    """In its wallet, of its kind and amount; what is another amount by now is for a person."""
    provider, rows = Provider(), [unlike("amount_differs", 5, ("credit", 10), ("credit", "12.5"))]
    provider.apply(planned(tmp_path, rows)[1])
    counts, _ = planned(tmp_path, [*rows, *({**row, **seen} for row in provider.shows())])
    nothing = {"provider": 0, "ledger": 0, "person": {}, "journal": 0, "settled": 0}
    assert counts == PlanCounts(**{**nothing, **expected})


def test_a_reference_stands_for_one_movement(tmp_path: Path) -> None:
    """Two missing lines with one reference, such as the two legs of a transfer: neither is booked under it."""
    shared = [missing(2, reference="order-1"), missing(3, "debit", reference="order-1", wallet="meera\twaty_2")]
    counts, rows = planned(tmp_path, [*shared, missing(4, reference="order-2")])
    assert [row.reference for row in rows] == ["order-2"]
    assert counts.person == {"missing_at_provider": 2}


def test_lines_that_are_alike_but_for_their_references_are_two(tmp_path: Path) -> None:
    """Their corrections are told apart by them: a reference may stand in a plan once."""
    alike = {"ledger_kind": "credit", "ledger_amount": 10, "ledger_transaction_id": "trhi_1"}
    lines = [difference("duplicated_in_ledger", ledger_line=line, reference=f"r-{line}", **alike) for line in (2, 3)]
    counts, rows = planned(tmp_path, lines)
    assert (counts.ledger, len({row.reference for row in rows})) == (2, 2)
