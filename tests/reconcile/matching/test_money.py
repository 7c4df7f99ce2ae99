"""What the differences say accounts for every amount and every row by which the two sides differ."""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from attrs import evolve

from tests.reconcile.matching.made import wallets
from tests.reconcile.matching.world import READ_AT, Found, World, compare
from wallet_async.reconcile.matching import steps


def signed(kind: str | None, amount: Decimal | None) -> Decimal:
    """Give what a movement adds to its wallet."""
    return Decimal() if amount is None else amount if kind == "credit" else -amount


def accounted(world: World, found: Found) -> None:
    """Check that a wallet's sum at the provider less that in the ledger is what its differences say; no row is lost.

    That holds where everything is readable and judged.
    """
    apart: dict[str | None, Decimal] = defaultdict(Decimal)
    for row in world.rows:
        apart[row.wallet] += signed(row.kind, row.amount)
    for line in world.lines:
        apart[line.wallet] -= signed(line.kind, line.amount)
    told: dict[str | None, Decimal] = defaultdict(Decimal)
    differences = [row for row in found.differences if row["class"] != "balance_differs"]
    for row in differences:
        told[row["wallet"]] += signed(row["kind"], row["amount"]) - signed(row["ledger_kind"], row["ledger_amount"])
    assert {wallet: amount for wallet, amount in apart.items() if amount} == {
        wallet: amount for wallet, amount in told.items() if amount
    }
    _each_once(world, found, differences)


def _each_once(world: World, found: Found, differences: list[dict[str, Any]]) -> None:
    lines = Counter(row["ledger_line"] for row in differences if row["ledger_line"] is not None)
    rows = Counter((row["wallet"], row["transaction_id"]) for row in differences if row["transaction_id"] is not None)
    assert not [*(lines - Counter(set(lines))), *(rows - Counter(set(rows)))]
    paired = sum(found.summary.matched.values())
    unmatched = [row for row in differences if row["matched_by"] is None]
    assert len(world.lines) == paired + sum(row["ledger_line"] is not None for row in unmatched)
    assert len(world.rows) == paired + sum(row["transaction_id"] is not None for row in unmatched)


def _world(seed: int) -> World:
    world = wallets(Random(seed), 150, odd=False)
    read_at = READ_AT.replace(tzinfo=None)
    return evolve(world, rows=[row for row in world.rows if row.created_at <= read_at])


def test_every_amount_is_accounted_for() -> None:
    """Per wallet: provider less ledger is what the differences add up to, and no row is told of twice or never."""
    seed = Random().randrange(2**32)
    print(f"seed {seed}")
    world = _world(seed)
    accounted(world, compare(world))


@pytest.mark.parametrize(
    ("step", "old", "new"),
    [
        ("twins", "INSERT INTO verdicts SELECT", "CREATE OR REPLACE TEMP TABLE lost AS SELECT"),
        ("clusters", "WHERE NOT fits;", "WHERE false;"),
        ("in_turn", "USING ({alike}, turn)", "USING ({alike})"),
        ("differences", " OR other_kind OR", " OR"),
    ],
)
def test_a_lost_amount_is_noticed(step: str, old: str, new: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twins: rows that fall out of a step, or are taken twice, leave an amount that nothing accounts for."""
    whole = steps.text
    assert old in whole(step)
    monkeypatch.setattr(steps, "text", lambda name: whole(name).replace(old, new) if name == step else whole(name))
    world = _world(3)
    with pytest.raises(AssertionError):
        accounted(world, compare(world))
