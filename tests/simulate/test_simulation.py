"""Whatever goes wrong, no claim of the client is false: users' orders, in virtual time, against the provider's ledger.

SIMULATE_OPERATIONS and SIMULATE_SEED are for longer runs; `nox -s simulate` makes one and writes its report.
"""

from __future__ import annotations

import os

import pytest

from tests.simulate.episode import Total, episode, many
from tests.simulate.plan import Believed, Sizes

OPERATIONS = int(os.environ.get("SIMULATE_OPERATIONS", "600"))
SEED = int(os.environ.get("SIMULATE_SEED", "1"))
LONG = pytest.mark.timeout(60 + OPERATIONS / 10)


@LONG
def test_nothing_is_lost_doubled_or_left_and_no_claim_is_wrong() -> None:
    """Lost connections, broken answers, late commits, failing journals, killed and stopped processes, odd clocks."""
    print(f"seed {SEED}, {OPERATIONS} operations")
    total = Total()
    for outcome in many(OPERATIONS, SEED):
        total.add(outcome)
    print(dict(total.claims), dict(total.met))
    assert total.wrong == []
    assert total.claims["receipt"] > 0.9 * total.orders
    assert {"settled: applied", "settled: not_applied"} <= total.claims.keys()


@LONG
def test_what_is_booked_later_than_d_and_doubles_is_told() -> None:
    """A provider that breaks the one condition: every double is reported."""
    print(f"seed {SEED}")
    total = Total()
    for outcome in many(max(OPERATIONS // 4, 200), SEED, believed=Believed(beyond=True, harsh=True)):
        total.add(outcome)
    assert total.wrong == []
    assert total.met["57"] > 0
    assert total.doubled > total.met["17"], "nothing was doubled for being late, so this shows nothing"


def test_a_seed_repeats_an_episode() -> None:
    """The same ledger to the last row, and the same of everything that was counted."""
    small = Sizes(orders=60)
    first, again, other = (episode(seed, small) for seed in (SEED, SEED, SEED + 1))
    assert first == again
    assert first.digest != other.digest
