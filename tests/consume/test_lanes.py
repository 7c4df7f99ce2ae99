"""Calls for one wallet one after another in their order, whoever is cancelled meanwhile; nothing is left behind."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

import pytest

from wallet_async.consume.lanes import Lanes

CALLS = 60
SEEDS = range(20)


class SideBySide(Lanes):
    """Broken: lets everybody in."""

    @asynccontextmanager
    async def turn(self, key: Hashable) -> AsyncIterator[None]:
        yield


class NewestFirst(Lanes):
    """Broken: lets the last who came go first."""

    @asynccontextmanager
    async def turn(self, key: Hashable) -> AsyncIterator[None]:
        async with super().turn(key):
            waiters = self._lanes[key].lock._waiters
            if waiters:
                waiters.reverse()
            yield


class Hoarder(Lanes):
    """Broken: keeps every key."""

    @asynccontextmanager
    async def turn(self, key: Hashable) -> AsyncIterator[None]:
        async with super().turn(key):
            yield
        self._lanes.setdefault(key, None)  # type: ignore[arg-type]


async def check(lanes: Lanes, seed: int) -> int:
    """Let many take turns for few keys, each for some rounds of the loop, and cancel some of them.

    Returns:
        How many held different keys at the same time at most.

    Raises:
        AssertionError: Two held one key together, somebody came before his turn, or a key was left.
    """
    rng = random.Random(seed)
    inside: dict[int, int] = {}
    came: dict[int, list[int]] = defaultdict(list)
    together = 0

    async def one(number: int, key: int, rounds: int) -> None:
        nonlocal together
        async with lanes.turn(key):
            assert key not in inside, "two at once"
            inside[key] = number
            came[key].append(number)
            together = max(together, len(inside))
            try:
                for _ in range(rounds):
                    await asyncio.sleep(0)
            finally:
                del inside[key]

    tasks = []
    for number in range(CALLS):
        tasks.append(asyncio.create_task(one(number, rng.randrange(4), rng.randrange(6))))
        for _ in range(rng.randrange(3)):
            await asyncio.sleep(0)
        if rng.random() < 0.3:
            rng.choice(tasks).cancel()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert not [error for error in ended if isinstance(error, AssertionError)], f"seed {seed}"
    assert all(numbers == sorted(numbers) for numbers in came.values()), f"seed {seed}: out of order"
    assert sum(map(len, came.values())) >= sum(error is None for error in ended)
    assert len(lanes) == 0, "keys were left"
    return together


async def test_turns_are_taken_in_order() -> None:
    """First come, first served, one at a time for a key, keys side by side, and no key stays."""
    assert max([await check(Lanes(), seed) for seed in SEEDS]) > 1


@pytest.mark.parametrize("broken", [SideBySide, NewestFirst, Hoarder])
async def test_twins(broken: type[Lanes]) -> None:
    """Lanes that let everybody in, that turn the line round, or that forget nothing fail the same check."""
    with pytest.raises(AssertionError):
        for seed in SEEDS:
            await check(broken(), seed)
