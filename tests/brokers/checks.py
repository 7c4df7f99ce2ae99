"""What a recipe has to do in one situation each; each holds for every broker.

A check takes a broker whose queues are empty, the journal's URL, and *options* of `Recipe`, such as its twin.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from attrs import evolve

from tests.brokers.harness import POISON, Broker, Event, Recipe, booked, compare, events, provider, until
from wallet_async.sandbox import Fault, FaultPlan

HELD = Fault("latency", operation="credit", seconds=(0.001, 0.001))
"""A credit that takes as long as `Hold` says."""


class Hold:
    """The provider's latency: every request waits until `release`."""

    def __init__(self) -> None:
        self.waiting = 0
        """Requests that have come."""
        self._open = asyncio.Event()

    async def __call__(self, _seconds: float) -> None:
        self.waiting += 1
        await self._open.wait()

    def release(self) -> None:
        """Let those that wait go on, and those that come."""
        self._open.set()


NOBODY = b'{"id": "nobody", "source_id": "a", "wallet_id": "b", "points": 1}'
"""An order for a customer that the provider does not know."""


async def publish(broker: Broker, given: list[Event]) -> None:
    """Send each once, in order."""
    for event in given:
        await broker.publish(event.body, key=event.wallet_id)


async def empty(broker: Broker) -> None:
    """Wait until nothing is left."""

    async def none_left() -> bool:
        return await broker.left() == 0

    await until(none_left, "messages are left")


async def now(condition: Callable[[], bool], what: str) -> None:
    """Wait until something holds here."""

    async def holds() -> bool:
        return condition()

    await until(holds, what)


async def check_redelivered(
    broker: Broker, journal: str, fault: Fault, *, second: str | None = None, **options: Any
) -> None:
    """Kill a recipe while the provider does not answer: the next one gets the message too, and it is booked once.

    *second* is the journal of the next one, for a twin.

    Raises:
        AssertionError: It was booked twice, or not at all.
    """
    given = events(2, wallets=1)
    await publish(broker, given[:1])
    async with provider(given, FaultPlan([fault])) as sandbox:
        recipe = Recipe(broker=broker, url=sandbox.url, journal=journal, total=1.0, **options)
        async with recipe.running() as running:
            await now(lambda: sandbox.observed.faults["hang"] == 1, "no credit was sent")
            await running.kill()
        await publish(broker, given[1:])
        async with evolve(recipe, journal=second or journal).running():
            await empty(broker)
        compare(given, booked(sandbox))


async def check_poison(broker: Broker, journal: str, **options: Any) -> None:
    """Poison in front of an order: the order is booked, and the poison is among the dead letters.

    Raises:
        AssertionError: Poison went elsewhere, or kept the order back.
    """
    given = events(1, wallets=1)
    poison = [*POISON, NOBODY]
    for body in poison:
        await broker.publish(body, key=given[0].wallet_id)
    await publish(broker, given)
    async with provider(given) as sandbox:
        async with Recipe(broker=broker, url=sandbox.url, journal=journal, **options).running():
            await empty(broker)
        compare(given, booked(sandbox))
    assert sorted(await broker.dead()) == sorted(poison), "poison is neither booked nor among the dead"


async def check_order(broker: Broker, journal: str, **options: Any) -> None:
    """Movements of one wallet are booked in the order of the stream, whatever the provider takes for each.

    Raises:
        AssertionError: They were not.
    """
    given = events(20, wallets=2)
    await publish(broker, given)
    slow = FaultPlan([Fault("latency", operation="credit", seconds=(0.0, 0.01))])
    async with provider(given, slow) as sandbox:
        async with Recipe(broker=broker, url=sandbox.url, journal=journal, **options).running():
            await empty(broker)
        found = booked(sandbox)
    compare(given, found)
    for wallet in ("waty_0", "waty_1"):
        order = [[event.id for event in each if event.wallet_id == wallet] for each in (given, found)]
        assert order[0] == order[1], f"{wallet}: out of order: {order[1]}"


async def check_prefetch(broker: Broker, journal: str, *, prefetch: int, bound: int, **options: Any) -> None:
    """With *prefetch* in its head a recipe works on as many messages at once, and on no more than *bound*.

    Raises:
        AssertionError: It works on more.
    """
    given = events(3 * prefetch, wallets=3 * prefetch)
    await publish(broker, given)
    hold = Hold()
    constants = {"PREFETCH": prefetch, **options.pop("constants", {})}
    async with provider(given, FaultPlan([HELD]), sleep=hold) as sandbox:
        async with Recipe(broker=broker, url=sandbox.url, journal=journal, constants=constants, **options).running():
            await now(lambda: hold.waiting >= prefetch, f"{prefetch} credits at once")
            hold.release()
            await empty(broker)
        compare(given, booked(sandbox))
    assert sandbox.observed.max_in_flight <= bound, f"{sandbox.observed.max_in_flight} at once"


async def check_stopped(broker: Broker, journal: str, **options: Any) -> None:
    """SIGTERM while two credits are on their way: they are finished and acknowledged, the rest is left to the next.

    Raises:
        AssertionError: The recipe did not end cleanly, or something was sent twice or lost.
    """
    given = events(4, wallets=4)
    await publish(broker, given)
    hold = Hold()
    constants = {"PREFETCH": 2, **options.pop("constants", {})}
    async with provider(given, FaultPlan([HELD]), sleep=hold) as sandbox:
        recipe = Recipe(broker=broker, url=sandbox.url, journal=journal, constants=constants, **options)
        async with recipe.running() as running:
            await now(lambda: hold.waiting == 2, "two credits at once")
            stopping = asyncio.create_task(running.stop())
            await asyncio.sleep(0)  # the signal is on its way
            hold.release()
            await stopping
            finished = len(booked(sandbox))
            assert finished >= 2, f"{finished} of 2 were finished"
            left = await broker.left()
            assert left == len(given) - finished, f"{left} are left of {len(given)}, {finished} were finished"
        async with recipe.running():
            await empty(broker)
        compare(given, booked(sandbox))
        assert sandbox.observed.requests["credit"] == len(given), "one was sent twice"
