"""A plan that was applied: what it mended becomes a note, what it booked is no difference, and the money agrees."""

from __future__ import annotations

import csv
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
from attrs import evolve

from tests.reconcile.matching.made import wallets
from tests.reconcile.matching.world import PROVIDER, READ_AT, Line, Row, World, at, compare
from wallet_async.engine.errors import InvalidInputError
from wallet_async.reconcile.matching import steps
from wallet_async.reconcile.model import wallet_text
from wallet_async.reconcile.repair.plan import write_plan


def _world(seed: int) -> World:
    """Make a world whose every difference can be planned, balances left out.

    Nobody else's are: a line's time; a reference, but for its own kind in its own wallet; an id that is not there, and
    the reference beside it.
    """
    world = wallets(Random(seed), 120, odd=False)
    early = READ_AT.replace(tzinfo=None)
    rows = [evolve(row, reference=_own(row)) for row in world.rows if row.created_at <= early]
    there = {(row.wallet, row.transaction_id) for row in rows}
    lines: list[Line] = []
    for one in world.lines:
        line = evolve(one, created_at=(one.created_at or at(0)) + timedelta(microseconds=one.line))
        if line.transaction_id is None or (line.wallet, line.transaction_id) in there:
            lines.append(evolve(line, reference=_own(line)))
        else:
            reference = line.reference and f"{line.reference}-{line.line}"
            lines.append(evolve(line, transaction_id=f"absent-{line.line}", reference=reference))
    about = [evolve(about, balance=None) for about in world.about]
    return evolve(world, lines=lines, rows=rows, about=about)


def _own(one: Line | Row) -> str | None:
    return one.reference and f"{one.reference}-{one.kind}-{one.wallet}".replace("\t", "-")


def _apply(world: World, folder: Path) -> World:
    """Plan what mends *world*, and give it with all of that booked, on either side."""
    differences, plan = folder / "differences.parquet", folder / "plan.csv"
    differences.write_bytes(compare(world).content)
    write_plan(plan, differences, PROVIDER, history=folder / "history", spill=folder / "spill")
    lines, rows = [*world.lines], [*world.rows]
    now = (READ_AT - timedelta(minutes=1)).replace(tzinfo=None)
    with plan.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file)):
            movement = {
                "wallet": wallet_text([row[name] for name in PROVIDER.wallet_fields]),
                "kind": row["kind"],
                "amount": Decimal(row["amount"]),
                "created_at": now,
            }
            reference = row["reference"] or None
            if row["where"] == "provider":
                rows.append(Row(transaction_id=f"fix-{number}", reference=reference, **movement))
            else:
                transaction_id = row["transaction_id"] if row["class"] == "missing_in_ledger" else None
                line = Line(line=100_000 + number, transaction_id=transaction_id, reference=reference, **movement)
                lines.append(line)
    return evolve(world, lines=lines, rows=rows, applied=plan)


def mended(world: World) -> None:
    """Check that nothing differs but what no plan mends, and that the money in each wallet says the same."""
    found = compare(world)
    classes = {row["class"] for row in found.differences if row["severity"] == "difference"}
    assert classes <= {"ambiguous", "time_differs"}, classes
    settled = [row for row in found.differences if "settled by" in row["detail"]]
    assert settled
    assert {row["severity"] for row in settled} == {"note"}
    assert len(settled) == sum(found.summary.notes.values()) - found.summary.notes.get("ambiguous", 0)


def test_what_a_plan_mended(tmp_path: Path) -> None:
    """After every movement of a plan was booked, both sides agree but for what is left to people."""
    seed = Random().randrange(2**32)
    print(f"seed {seed}")
    mended(_apply(_world(seed), tmp_path))


@pytest.mark.parametrize(
    ("step", "old", "new"),
    [
        ("settled", "WHERE is_free AND turn = 1", "WHERE false"),
        ("settled", "INSERT INTO settled", "CREATE OR REPLACE TEMP TABLE lost AS"),
    ],
)
def test_a_broken_settling_is_noticed(
    step: str, old: str, new: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twins: a correction that is taken for a movement of its own, and one whose difference stays one."""
    world = _apply(_world(3), tmp_path)
    whole = steps.text
    assert old in whole(step)
    monkeypatch.setattr(steps, "text", lambda name: whole(name).replace(old, new))
    with pytest.raises(AssertionError):
        mended(world)


def test_a_missing_movement_is_booked_late(tmp_path: Path) -> None:
    """It has the ledger's own reference, and was booked when the plan was applied: that is a note."""
    missing = World(lines=[Line(line=2, reference="order-1", created_at=at(0))], rows=[])
    applied = _apply(missing, tmp_path)
    late = evolve(applied, rows=[evolve(row, created_at=at(0) + timedelta(days=9)) for row in applied.rows])
    (found,) = compare(late).differences
    assert (found["class"], found["severity"]) == ("time_differs", "note")
    assert found["detail"].endswith("settled by order-1")
    (found,) = compare(evolve(late, applied=None)).differences
    assert (found["class"], found["severity"]) == ("time_differs", "difference")


def test_a_correction_booked_twice(tmp_path: Path) -> None:
    """A correction settles its difference once: booked again, it is a duplicate."""
    world = _apply(World(lines=[Line(line=2)], rows=[]), tmp_path)
    (fix,) = world.rows
    found = compare(evolve(world, rows=[fix, evolve(fix, transaction_id="fix-again")]))
    assert [short[1:] for short in found.short] == [
        ("duplicated_at_provider", None, "fix-again"),
        ("missing_at_provider", 2, None, "note"),
    ]


def test_no_plan(tmp_path: Path) -> None:
    """What is no plan is refused in one line."""
    path = tmp_path / "plan.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(InvalidInputError) as caught:
        compare(World(applied=path))
    assert "\n" not in str(caught.value)
