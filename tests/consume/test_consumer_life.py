"""The life of a consumer: order, ends, cancellations, and processes that die between any two steps."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator, Hashable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.consume.common import SETTLING, World, world
from tests.faults.providers import CLIENTS, Client
from tests.journal.memory import MemoryStore
from tests.journal.postgres_server import cleared
from tests.kit.steps import cancel_at_step
from wallet_async.consume import Ack, Consumer, Outcome, Retry
from wallet_async.consume.lanes import Lanes
from wallet_async.engine.errors import SessionClosedError
from wallet_async.journal import Journal, JournalError
from wallet_async.sandbox import Fault

EVENTS = int(os.environ.get("CONSUMER_EVENTS", "30"))  # a long run sets it
TURNS = 30  # of the loop, in which whatever can go on does


async def turns() -> None:
    """Let everything go on that can."""
    for _ in range(TURNS):
        await asyncio.sleep(0)


def received(it: World) -> list[str]:
    """Give the events that were written down, in their order."""
    return [event.event_id for event in it.store.inbox.values()]


async def in_order(client: Client) -> None:
    """Hold the first movement of a wallet back, and see who waits for it."""
    async with world(client) as it, it.consumer() as consumer:
        it.store.slow["load"] = asyncio.Event()
        calls = [("1", 0), ("2", 0), ("3", 1), ("4", 0)]
        tasks = [
            asyncio.create_task(consumer.handle(one, it.movement(f"r-{one}", wallet=wallet), deliveries=1))
            for one, wallet in calls
        ]
        await turns()
        begun = received(it)
        it.store.slow["load"].set()
        await asyncio.gather(*tasks)
        assert begun == ["1", "3"]
        assert [one for one in received(it) if one != "3"] == ["1", "2", "4"]
        assert set(it.booked([f"r-{one}" for one, _ in calls]).values()) == {1}
        assert len(consumer._lanes) == 0


async def test_one_wallet_in_the_order_of_its_calls(client: Client) -> None:
    """The next movement of a wallet begins when the one before has ended; other wallets do not wait."""
    await in_order(client)


async def test_twin_without_lanes(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lanes that let everybody in keep no order."""

    @asynccontextmanager
    async def turn(_: Lanes, key: Hashable) -> AsyncIterator[None]:
        yield

    monkeypatch.setattr(Lanes, "turn", turn)
    with pytest.raises(AssertionError):
        await in_order(client)


async def closing(client: Client) -> None:
    """Close a consumer while one movement is under way and another waits behind it."""
    async with world(client) as it, it.consumer() as consumer:
        it.store.slow["claim"] = asyncio.Event()
        begun, waiting = (
            asyncio.create_task(consumer.handle(one, it.movement(f"r-{one}"), deliveries=1)) for one in ("1", "2")
        )
        await turns()
        closed = asyncio.create_task(consumer.aclose())
        await turns()
        waited = not closed.done()
        it.store.slow["claim"].set()
        await closed
        assert waited, "it did not wait"
        assert isinstance(await begun, Ack)
        late = await consumer.handle("3", it.movement("r-3"), deliveries=1)
        for outcome in (await waiting, late):
            assert isinstance(outcome, Retry)
            assert isinstance(outcome.error, SessionClosedError)
        assert it.booked(["r-1", "r-2", "r-3"]) == {"r-1": 1, "r-2": 0, "r-3": 0}
        await consumer.aclose()


async def test_closing_ends_what_began_and_takes_no_more(client: Client) -> None:
    """What is under way gets its receipt; what waits, and what comes later, goes back to the broker untouched."""
    await closing(client)


async def test_twin_closing_at_once(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A consumer that does not wait, or that goes on taking, fails the same check."""

    async def at_once(consumer: Consumer) -> None:
        consumer._closed = True

    async def takes_on(consumer: Consumer) -> None:
        while consumer._under_way:  # noqa: ASYNC110
            await asyncio.sleep(0)

    for broken in (at_once, takes_on):
        monkeypatch.setattr(Consumer, "aclose", broken)
        with pytest.raises(AssertionError):
            await closing(client)


async def cancelled_everywhere(client: Client, step: int) -> bool:
    """Cancel a delivery at a step, and deliver again; say whether the step was reached."""
    async with world(client) as it, it.consumer() as consumer:
        movement = it.movement("r-1")
        ended = await cancel_at_step(lambda: consumer.handle("1", movement, deliveries=1), step)
        assert ended.cancelled or not ended.reached, "swallowed"
        assert len(consumer._lanes) == 0
        await until_booked(consumer, "1", movement)
        assert it.booked(["r-1"]) == {"r-1": 1}
        return ended.reached


async def until_booked(consumer: Consumer, event_id: str, movement: Any) -> None:
    """Deliver it until it is acknowledged."""
    deliveries = 1
    while not isinstance(await consumer.handle(event_id, movement, deliveries=deliveries), Ack):
        deliveries += 1
        await asyncio.sleep(0.005)


async def test_cancelled_at_every_step() -> None:
    """A cancellation comes out at each step, no lane stays taken, and the next delivery books once."""
    step = 0
    while await cancelled_everywhere(CLIENTS["rehook"], step):
        step += 1
    assert step > 5


async def test_twin_a_cancellation_that_is_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A consumer that makes an outcome of a cancellation fails the same check."""
    once = Consumer.handle

    async def swallowing(consumer: Consumer, event_id: str, movement: Any, *, deliveries: int) -> Outcome:
        try:
            return await once(consumer, event_id, movement, deliveries=deliveries)
        except asyncio.CancelledError:
            return Retry(1.0, SessionClosedError("stopped"))

    monkeypatch.setattr(Consumer, "handle", swallowing)
    with pytest.raises(AssertionError, match="swallowed"):
        await cancelled_everywhere(CLIENTS["rehook"], 3)


class KilledError(BaseException):
    """The process is killed."""


class DyingStore(MemoryStore):
    """A journal whose process is killed as it is about to do something for the first time."""

    def __init__(self, method: str) -> None:
        super().__init__()
        self._method = method

    async def _begin(self, method: str) -> None:
        if method == self._method:
            self._method = ""
            raise KilledError(method)
        await super()._begin(method)


async def killed_at(client: Client, method: str, *, acknowledged_first: bool) -> None:
    """Kill a process at one step of an event, start it again, and let the broker deliver what it still has."""
    async with world(client, DyingStore(method)) as it:
        queue = {"1": it.movement("r-1")}

        async def deliver(consumer: Consumer) -> None:
            for event_id, movement in list(queue.items()):
                if acknowledged_first:
                    del queue[event_id]
                if isinstance(await consumer.handle(event_id, movement, deliveries=1), Ack):
                    queue.pop(event_id, None)

        with pytest.raises(KilledError):
            async with it.consumer() as consumer:
                await deliver(consumer)
        async with it.consumer() as consumer:
            await deliver(consumer)
        assert not queue
        assert it.booked(["r-1"]) == {"r-1": 1}, "lost"


@pytest.mark.parametrize("method", ["receive", "load", "claim"])
async def test_killed_before_it_is_acknowledged(client: Client, method: str) -> None:
    """Whatever was done of an event whose process died, the next delivery books it, once."""
    await killed_at(client, method, acknowledged_first=False)


@pytest.mark.parametrize("method", ["receive", "load", "claim"])
async def test_twin_acknowledged_before_the_journal_has_it(client: Client, method: str) -> None:
    """Acknowledged first, the event is gone with the process."""
    with pytest.raises(AssertionError, match="lost"):
        await killed_at(client, method, acknowledged_first=True)


class FlakyStore(MemoryStore):
    """A journal that is away one time in ten, before anything is sent."""

    def __init__(self, rng: random.Random) -> None:
        super().__init__()
        self._rng = rng

    async def _begin(self, method: str) -> None:
        if method in {"receive", "load", "claim"} and self._rng.random() < 0.1:
            raise JournalError("it is away")
        await super()._begin(method)


FAULTS = [
    Fault("close", operation="credit", probability=0.2),
    Fault("status", operation="transactions", status=503, probability=0.1),
]


async def test_many_events_over_a_bad_line(client: Client) -> None:
    """Delivered side by side, 30 % more than once, answers lost, the journal failing: credits are events, exactly."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    names = [f"e-{number}" for number in range(EVENTS)]
    async with world(client, FlakyStore(rng)) as it, it.consumer() as consumer:
        for fault in FAULTS:
            it.sandbox.faults.add(fault)
        events = {name: it.movement(name, wallet=rng.randrange(2)) for name in names}
        deliveries = names + [name for name in names if rng.random() < 0.3]
        rng.shuffle(deliveries)
        await asyncio.gather(*(until_booked(consumer, name, events[name]) for name in deliveries))
        assert set(it.booked(names).values()) == {1}, f"seed {seed}"
        assert len(it.store.inbox) == EVENTS


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_several_consumers_on_each_journal(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Every event is delivered to each of them at the same time, and booked once; they share a file, or a database."""
    url, opened = f"sqlite:///{tmp_path}/journal.db", 1
    if kind == "postgres":
        server = request.getfixturevalue("postgres")
        url, opened = server.url(await cleared(server)), 2
    names = [f"e-{number}" for number in range(10)]
    async with world(CLIENTS["rehook"]) as it, AsyncExitStack() as stack:
        journals = [await stack.enter_async_context(await Journal.open(url, settling=SETTLING)) for _ in range(opened)]
        consumers = []
        for number in range(2):
            session = it.client.session(it.sandbox.url, journal=journals[number % opened])
            await stack.enter_async_context(session)
            consumers.append(await stack.enter_async_context(Consumer(session, source="orders")))
        events = {name: it.movement(name, wallet=place % 2) for place, name in enumerate(names)}
        await asyncio.gather(*(until_booked(one, name, events[name]) for name in names for one in consumers))
        assert set(it.booked(names).values()) == {1}
