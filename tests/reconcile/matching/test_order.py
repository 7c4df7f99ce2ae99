"""The same rows give the same file, byte for byte, however they come."""

from __future__ import annotations

from random import Random

import pytest

from tests.reconcile.matching.made import wallets
from tests.reconcile.matching.world import compare
from wallet_async.reconcile import matching
from wallet_async.reconcile.matching import steps


def test_any_order_and_any_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the order of rows and shards nor the size of the parts shows in the differences."""
    seed = Random().randrange(2**32)
    print(f"seed {seed}")
    world = wallets(Random(seed), 300)
    plain = compare(world)
    shuffled = compare(world, random=Random(seed), shards=7)
    monkeypatch.setattr(matching, "_ROW", 300_000)  # what a row is held to take: it makes so few rows several parts
    parted = compare(world, random=Random(seed + 1), shards=3)
    assert plain.content == shuffled.content == parted.content
    assert plain.summary == shuffled.summary == parted.summary


def test_an_order_left_open_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twin: where "first" is not settled to the last row, another order of the rows gives another file."""
    whole = steps.text
    monkeypatch.setattr(
        steps, "text", lambda name: whole(name).replace("ORDER BY created_at, line, transaction_id", "ORDER BY number")
    )
    world = wallets(Random(5), 300)
    assert compare(world).content != compare(world, random=Random(5)).content
