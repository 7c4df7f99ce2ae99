"""`examples/consume_redis.py` against a real Redis: what no other broker has; the rest stands in `test_recipes`."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.brokers import checks
from tests.brokers.child import load
from tests.brokers.harness import Recipe, booked, compare, events, long, provider
from tests.brokers.redis_server import Redis
from wallet_async.sandbox import FaultPlan

RECIPE = "examples/consume_redis.py"
SOON = {"MIN_IDLE": 1.0, "BLOCK": 0.05}
"""What a killed process had in hand is taken over after a second."""


def acknowledging_first(recipe: ModuleType) -> None:
    """Sabotage: the acknowledgement before the credit."""
    work = recipe.work

    async def eager(redis: Any, consumer: Any, message: Any) -> None:
        await redis.xack(recipe.STREAM, recipe.GROUP, message.id)
        await redis.xdel(recipe.STREAM, message.id)
        await work(redis, consumer, message)

    vars(recipe)["work"] = eager


async def check_taken_over(redis: Redis, recipe: ModuleType) -> None:
    """Read a message as somebody who dies with it.

    Raises:
        AssertionError: The reaper does not take it, or does not know that this is its second delivery.
    """
    await checks.publish(redis, events(1, wallets=1))
    await recipe.subscribe(redis.client)
    await redis.client.xreadgroup(recipe.GROUP, "dead", {redis.stream: ">"})
    _, taken = await recipe.reap(redis.client, b"0-0", 10)
    assert [message.deliveries for message in taken] == [2], f"taken over: {taken}"


async def test_what_a_dead_consumer_left_is_taken_over(redis: Redis) -> None:
    """What was delivered and not acknowledged comes again, and its deliveries are Redis's own count."""
    await check_taken_over(redis, load(RECIPE, {"STREAM": redis.stream, "MIN_IDLE": 0.0}, 1.0))


async def test_without_a_reaper_it_stays(redis: Redis) -> None:
    """Sabotaged twin: nothing is ever idle for long enough."""
    with pytest.raises(AssertionError, match="taken over"):
        await check_taken_over(redis, load(RECIPE, {"STREAM": redis.stream, "MIN_IDLE": 3600.0}, 1.0))


async def test_a_message_that_was_trimmed_away_is_told_of(redis: Redis, caplog: pytest.LogCaptureFixture) -> None:
    """Somebody's MAXLEN takes messages that are still worked on: Redis forgets them, and the log names them."""
    recipe = load(RECIPE, {"STREAM": redis.stream, "MIN_IDLE": 0.0}, 1.0)
    await checks.publish(redis, events(1, wallets=1))
    await recipe.subscribe(redis.client)
    [[_, [(message_id, _)]]] = await redis.client.xreadgroup(recipe.GROUP, "dead", {redis.stream: ">"})
    assert await recipe.reap(redis.client, b"0-0", 10) != (b"0-0", [])
    assert not caplog.records, "nothing is gone"
    await redis.client.xtrim(redis.stream, maxlen=0)
    assert await recipe.reap(redis.client, b"0-0", 10) == (b"0-0", [])
    assert message_id.decode() in caplog.text


async def check_kept(redis: Redis, journal: str, *, seconds: float, twin: str = "") -> None:
    """Let the provider answer only after *seconds*, or once the message has been taken over.

    Raises:
        AssertionError: The reaper has taken the message, while it was worked on.
    """
    given = events(1, wallets=1)
    await checks.publish(redis, given)
    hold = checks.Hold()
    async with provider(given, FaultPlan([checks.HELD]), sleep=hold) as sandbox:
        async with Recipe(broker=redis, url=sandbox.url, journal=journal, twin=twin, constants=SOON).running():
            await checks.now(lambda: hold.waiting == 1, "no credit was sent")
            end = time.monotonic() + seconds
            while (deliveries := await redis.deliveries()) == 1 and time.monotonic() < end:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            hold.release()
            await checks.empty(redis)
        compare(given, booked(sandbox))
    assert deliveries == 1, "it was taken over, side by side"


@long
async def test_slow_work_keeps_its_message(redis: Redis, tmp_path: Path) -> None:
    """Work that takes longer than `MIN_IDLE` says so: no reaper takes the message."""
    await check_kept(redis, f"sqlite:///{tmp_path}/journal.db", seconds=2.0)


@long
async def test_slow_work_that_says_nothing(redis: Redis, tmp_path: Path) -> None:
    """Sabotaged twin: the message is taken over while it is worked on; the journal makes one credit of it."""
    twin = f"{__name__}:saying_nothing"
    with pytest.raises(AssertionError, match="side by side"):
        await check_kept(redis, f"sqlite:///{tmp_path}/journal.db", seconds=30.0, twin=twin)


def saying_nothing(recipe: ModuleType) -> None:
    """Sabotage: no word that work goes on."""

    async def work(redis: Any, consumer: Any, message: Any) -> None:
        await recipe.settle(redis, message, await recipe.handle(consumer, message))

    vars(recipe)["work"] = work
