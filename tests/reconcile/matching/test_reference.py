"""The SQL against the same rules in plain Python, over random wallets in which everything collides."""

from __future__ import annotations

import os
from collections import Counter
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reconcile.matching.made import wallets
from tests.reconcile.matching.reference import expect
from tests.reconcile.matching.world import NOON, World, compare
from wallet_async.reconcile.matching import steps
from wallet_async.reconcile.model import Rules

_EXAMPLES = int(os.environ.get("MATCHING_EXAMPLES", "4"))
"""Worlds that hypothesis makes; a comparison takes a quarter of a second however few wallets there are."""
_RULES = (
    Rules(),
    Rules(since=NOON + timedelta(hours=1)),
    Rules(until=NOON + timedelta(hours=3), window=timedelta(0)),
    Rules(window=timedelta.max),
)


def agrees(world: World) -> None:
    """Check that the comparison of *world* comes to what the rules in Python come to."""
    found, expected = compare(world), expect(world)
    got, wanted = Counter(found.short), expected.differences
    assert got == wanted, f"lost {list(wanted - got)[:5]}, invented {list(got - wanted)[:5]}"
    summary = found.summary
    counts = {
        "wallets": summary.wallets,
        "unread": summary.unread_wallets,
        "unknown": summary.unknown_wallets,
        "arrived": summary.arrived_since,
        "outside": summary.outside,
        "balances": summary.balances,
        "in order": summary.paired_in_order,
        "transaction id": summary.matched[steps.ID],
        "reference": summary.matched[steps.REFERENCE],
        "alike": summary.matched[steps.ALIKE],
    }
    assert {name: count for name, count in counts.items() if count} == {
        name: count for name, count in expected.counts.items() if count
    }


@settings(max_examples=_EXAMPLES, deadline=None, print_blob=True)
@given(random=st.randoms(use_true_random=False), count=st.integers(1, 8), rules=st.sampled_from(_RULES))
def test_few_wallets(random: Random, count: int, rules: Rules) -> None:
    """Whatever the wallets hold, both come to the same."""
    agrees(wallets(random, count, rules))


@pytest.mark.parametrize("rules", _RULES, ids=["plain", "since", "until, no window", "any time"])
def test_many_wallets(rules: Rules) -> None:
    """The same over hundreds of wallets at once."""
    seed = Random().randrange(2**32)
    print(f"seed {seed}")
    agrees(wallets(Random(seed), 400, rules))


def test_a_broken_matching_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twin: rows that come first in time are taken from the other end, and the two no longer agree."""
    whole = steps.text
    monkeypatch.setattr(
        steps, "text", lambda name: whole(name).replace("ORDER BY created_at", "ORDER BY created_at DESC")
    )
    with pytest.raises(AssertionError):
        agrees(wallets(Random(1), 200))
