"""Each thing that a rule says, by example; and that the examples notice a matching that breaks the rule."""

from __future__ import annotations

import pytest

from tests.reconcile.matching.cases import BETWEEN, CASES, CASES_BETWEEN, world, wrong
from tests.reconcile.matching.world import Found, Line, World, compare
from wallet_async.reconcile.matching import steps
from wallet_async.reconcile.model import CLASSES


@pytest.fixture(scope="module")
def found() -> Found:
    return compare(world(CASES))


def test_every_case(found: Found) -> None:
    """Each wallet comes out as its name says, in the order of class, line and id."""
    assert wrong(CASES, found) == {}


def test_every_class(found: Found) -> None:
    """There is a case of each class."""
    assert {short[1] for short in found.short} == set(CLASSES)


def test_between() -> None:
    """Rows are judged by their own time; what has no partner outside is counted and not told."""
    found = compare(world(CASES_BETWEEN, BETWEEN))
    assert wrong(CASES_BETWEEN, found) == {}
    assert found.summary.outside == 3
    assert found.summary.balances == 0


def test_summary(found: Found) -> None:
    """The summary counts what the file holds, and what it leaves out."""
    summary = found.summary
    shorts = [short[1:] for short in found.short]
    assert summary.differences == {
        name: sum(short[0] == name and len(short) == 3 for short in shorts) for name in CLASSES
    }
    assert summary.notes == {"ambiguous": 4}
    assert (summary.wallets, summary.unknown_wallets, summary.unread_wallets) == (len(CASES), 1, 2)
    assert (summary.arrived_since, summary.paired_in_order, summary.balances, summary.outside) == (4, 4, 3, 0)
    assert (summary.ledger.rows, summary.provider.rows) == (
        sum(len(case.lines) for case in CASES.values()),
        sum(len(case.rows) for case in CASES.values()),
    )
    assert not summary.clean


def test_no_histories() -> None:
    """Where no line could be read there is no wallet to read, and the lines are told."""
    line = Line(line=2, wallet=None, kind=None, amount=None, created_at=None, problem="no wallet")
    found = compare(World(lines=[line], about=()), shards=0)
    assert found.short == [(None, "unreadable_row", 2, None)]
    assert found.summary.wallets == 0


def test_details(found: Found) -> None:
    """A detail is a plain sentence that tells all that differs."""
    details = {(row["wallet"], row["ledger_line"]): row["detail"] for row in found.differences}
    assert details["kind, amount and time differ", 2] == (
        "credit in the ledger, debit at the provider; 10 in the ledger, 12 at the provider; "
        "2026-03-01 12:00:00 in the ledger, 2026-03-01 14:00:00 at the provider"
    )
    assert details["id not there, reference booked and matched", 2] == (
        "the ledger names transaction t9, which is not there, and its reference is booked as t1"
    )
    assert details["two candidates, one nearer", 2] == (
        "1 in the ledger, 2 at the provider: one is missing in the ledger, and nothing tells which"
    )
    assert details["two on each side", 2] == "2 in the ledger and 2 at the provider are alike: paired in order of time"
    assert details["unknown", 2] == "the provider does not know this wallet"
    assert details["balance wrong", None] == "the history sums up to 10, the balance is -10"
    assert all(details.values())


SABOTAGES = {
    "matches by time against the references": (
        ("alike", " AND bare_lines + bare_rows > 0", ""),
        {"references differ"},
    ),
    "matches by time a line that has an id": (
        ("alike", "WHEN 'ledger' THEN transaction_id IS NULL ELSE", "WHEN 'ledger' THEN true ELSE"),
        {"id not there, a row alike is"},
    ),
    "takes one of two candidates": (
        ("clusters", " AND mine.fits", "", "WHERE NOT fits", "WHERE NOT fits AND turn > least(lines, rows)"),
        {"two candidates, one nearer"},
    ),
    "calls the second booking missing": (
        ("twins", "WHERE is_left AND turn > 1", "WHERE false AND turn > 1"),
        {"booked twice", "written twice by reference"},
    ),
    "drops rows without a kind or an amount": (
        (
            "missing",
            "FROM leftovers ANTI JOIN verdicts",
            "FROM (FROM leftovers WHERE amount > 0) AS leftovers ANTI JOIN verdicts",
        ),
        {"a line without anything", "a row that nobody knows"},
    ),
    "calls a booked reference missing": (
        ("contradictions", "FROM absent JOIN booked", "FROM (FROM absent LIMIT 0) AS absent JOIN booked"),
        {"id not there, reference booked", "id not there, reference booked and matched"},
    ),
    "pairs the first come": (
        ("families", "FROM families WHERE lines = 1 AND rows = 1", "FROM families"),
        {"booked twice, the amount tells which", "booked and taken back, both amounts differ"},
    ),
    "looks into other wallets": (
        (
            "families",
            "GROUP BY wallet, {key}",
            "GROUP BY {key}",
            "    wallet, {key},\n",
            "    min(wallet) AS wallet, {key},\n",
        ),
        {"a reference that another wallet has", "a reference that another wallet's line has"},
    ),
    "blames wallets that were not read": (
        ("entries", "DELETE FROM entries\nWHERE problem IS NULL AND", "DELETE FROM entries\nWHERE false AND"),
        {"not read", "never asked for"},
    ),
    "takes what arrived since for candidates": (
        ("alike", "ELSE {booked} END", "ELSE true END"),
        {"one more of the same since"},
    ),
    "forgets the window": (
        ("alike", " AND apart <= getvariable('window_us')", ""),
        {"past the window"},
    ),
}


@pytest.mark.parametrize("name", SABOTAGES)
def test_a_broken_matching_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twins: with one step broken, the cases that its rule is about come out wrong."""
    (step, *changes), cases = SABOTAGES[name]
    whole = steps.text

    def text(asked: str) -> str:
        said = whole(asked)
        for old, new in zip(changes[::2], changes[1::2], strict=True):
            assert asked != step or old in said, f"{step}.sql has changed"
            said = said.replace(old, new) if asked == step else said
        return said

    monkeypatch.setattr(steps, "text", text)
    assert cases <= wrong(CASES, compare(world(CASES))).keys()
