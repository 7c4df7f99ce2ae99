"""On a ledger with planted differences of every class: each is found, none is invented, however often it is killed."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from functools import partial

import pytest

from tests.reconcile.planted.checks import Run, killed, shards, undisturbed
from tests.reconcile.planted.driving import Stage, staged
from tests.reconcile.planted.world import World

SEED = int(os.environ.get("PLANTED_SEED") or random.randrange(2**32))


@pytest.fixture(scope="module", params=["rehook", "loyalty"])
def small(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A world of each provider, with five differences of each class."""
    print(f"PLANTED_SEED={SEED}")
    world = World(provider=request.param, seed=SEED, wallets=300, rows=3_000, each=5)
    with staged(world, tmp_path_factory.mktemp("small")) as stage:
        yield stage


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A world of five chunks."""
    print(f"PLANTED_SEED={SEED}")
    world = World(provider="rehook", seed=SEED, wallets=2_200, rows=8_000, each=5)
    with staged(world, tmp_path_factory.mktemp("wide")) as stage:
        yield stage


@pytest.fixture(scope="module")
def whole(wide: Stage) -> Run:
    """A run on it that nobody disturbed."""
    return undisturbed(wide)


def test_every_planted_difference_is_found_and_none_is_invented(small: Stage) -> None:
    """Each stands under its class with its line and its transaction; the look-alikes are not told."""
    undisturbed(small)


def test_a_matcher_that_ignores_marks_invents_differences(wide: Stage) -> None:
    """Sabotaged twin: the same check fails where references count for nothing."""
    with pytest.raises(AssertionError, match="not found"):
        undisturbed(wide, broken="ignores marks")


def test_a_run_killed_three_times_ends_as_one_that_was_not(wide: Stage, whole: Run) -> None:
    """Differences are equal byte for byte, the report but for its times, and no chunk that was read is read again."""
    killed(wide, whole, [partial(shards, count) for count in (1, 2, 3)])


@pytest.mark.parametrize("way", ["forgets a shard", "keeps half a shard"])
def test_a_run_that_takes_too_much_for_read_ends_otherwise(wide: Stage, whole: Run, way: str) -> None:
    """Sabotaged twin: the same check fails where a chunk counts as read that is not, or not whole."""
    with pytest.raises(AssertionError, match="other differences"):
        killed(wide, whole, [partial(shards, 1)], broken=way)
