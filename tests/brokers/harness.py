"""What every broker's recipe has to do, checked against the provider's own ledger; knows no broker.

A recipe is `examples/consume_NAME.py`, run as a process of its own (`tests.brokers.child`), killed and started again.
What it is given are `Event`s: JSON of ``id``, ``source_id``, ``wallet_id`` and ``points``; it books each as a credit
whose description is the event's id.
"""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from attrs import asdict, field, frozen

from rehook_async.sandbox import RehookApi
from tests.brokers.recipe import Broker, Recipe, Running, until
from wallet_async.sandbox import Fault, FaultPlan, Sandbox

EVENTS = int(os.environ.get("BROKER_EVENTS", "30"))  # a long run sets it
LONG = "BROKER_EVENTS" in os.environ
long = pytest.mark.skipif(not LONG, reason="takes its time: nox -s brokers, or BROKER_EVENTS=30 pytest tests/brokers")
KILL_EVERY = min(200, EVENTS // 2)
CUSTOMER = "krishna123"
FAULTS = [
    Fault("close", operation="credit", probability=0.1),
    Fault("close", where="before", operation="credit", probability=0.1),
    Fault("status", operation="transactions", status=503, probability=0.05),
]
POISON = (
    b"not JSON \xff",
    b'{"id": "no-wallet"}',
    b'{"id": 5, "source_id": "a", "wallet_id": "b", "points": 1}',
    b'{"id": "\\ud800", "source_id": "a", "wallet_id": "b", "points": 1}',
    b'{"id": "below-zero", "source_id": "a", "wallet_id": "b", "points": -1}',
    b"[" * 100_000,
)
"""Messages that are no orders, and become none."""


@frozen(kw_only=True)
class Event:
    """What a message says; its id is the business's own, whatever the message's is."""

    id: str
    source_id: str = CUSTOMER
    wallet_id: str
    points: int

    @property
    def body(self) -> bytes:
        """The message."""
        return json.dumps(asdict(self)).encode()


def events(count: int, *, wallets: int) -> list[Event]:
    """Make events, one wallet after the other."""
    return [Event(id=f"order-{n}", wallet_id=f"waty_{n % wallets}", points=n + 1) for n in range(count)]


@asynccontextmanager
async def provider(
    of: list[Event], faults: FaultPlan | None = None, **options: Any
) -> AsyncIterator[Sandbox[RehookApi]]:
    """Run a stand-in with the wallets of these events."""
    api = RehookApi("canary-api-key", "canary-secret-key")
    for wallet in dict.fromkeys((event.source_id, event.wallet_id) for event in of):
        api.add_wallet(*wallet, balance=0)
    async with Sandbox(api, faults=faults, **options) as sandbox:
        yield sandbox


def booked(sandbox: Sandbox[RehookApi]) -> list[Event]:
    """Give what the provider has booked as the events it was booked for, in its order."""
    return [
        Event(
            id=entry.description.split()[-1],
            source_id=entry.wallet[0],
            wallet_id=entry.wallet[1],
            points=int(entry.amount) if entry.kind == "credit" else -1,
        )
        for entry in sandbox.ledger.entries()
    ]


def compare(given: list[Event], found: list[Event]) -> None:
    """Hold the ledger against the events.

    Raises:
        AssertionError: One was booked twice, not at all, or otherwise.
    """
    expected, times = Counter(given), Counter(found)
    doubled = [event.id for event, count in times.items() if count > 1]
    lost = [event.id for event in expected if event not in times]
    strange = [event.id for event in times if event not in expected]
    print(f"{len(given)} events, {len(found)} credits, doubled {doubled}, lost {lost}, strange {strange}")
    assert not doubled, f"doubled: {doubled}"
    assert not lost, f"lost: {lost}"
    assert not strange, f"strange: {strange}"


@frozen(kw_only=True)
class Run:
    """The size of a run."""

    events: int = EVENTS
    kill_every: int = KILL_EVERY
    """Credits between two kills."""
    redelivered: float = 0.3
    """Share of events that come twice: half because an acknowledgement is lost, half under a second message id."""
    processes: int = 1
    seed: int = field(factory=lambda: random.randrange(2**32))


async def check_exactly_once(broker: Broker, journal: str, run: Run, *, constants: Mapping[str, Any]) -> None:
    """Publish, let recipes work and kill them again and again, and compare with the ledger.

    Raises:
        AssertionError: An event was booked twice or not at all, a poisonous one is not among the dead, or the recipe
            is stuck.
    """
    print(f"{broker.name}: {run}")
    rng = random.Random(run.seed)
    given = events(run.events, wallets=7)
    poison = [body for body in POISON for _ in range(1 + run.events // 100)]
    await _publish(broker, given, poison, run, rng)
    async with provider(given, FaultPlan(FAULTS, seed=run.seed)) as sandbox:
        recipe = Recipe(
            broker=broker,
            url=sandbox.url,
            journal=journal,
            total=1.0,
            lost=run.redelivered / 2,
            seed=run.seed,
            constants=constants,
        )
        kills = await _work(recipe, sandbox, run, rng)
        found = booked(sandbox)
    dead = Counter(await broker.dead())
    print(f"{kills} kills, {dead.total()} dead letters, {sandbox.observed.faults}")
    compare(given, found)
    # A recipe that is killed between the dead letter and the acknowledgement moves it twice.
    assert set(dead) == set(poison), f"dead letters: {dead}"
    assert all(dead[body] >= poison.count(body) for body in POISON), f"dead letters: {dead}"


async def _publish(broker: Broker, given: list[Event], poison: list[bytes], run: Run, rng: random.Random) -> None:
    """Publish in order, some of it a second time somewhere behind, and the poison anywhere."""
    messages = [(event.body, event.wallet_id) for event in given]
    for place, message in enumerate(messages.copy()):
        if rng.random() < run.redelivered / 2:
            messages.insert(rng.randrange(place, len(messages)) + 1, message)
    for body in poison:
        messages.insert(rng.randrange(len(messages)), (body, "poison"))
    for body, key in messages:
        await broker.publish(body, key=key)


async def _work(recipe: Recipe, sandbox: Sandbox[RehookApi], run: Run, rng: random.Random) -> int:
    """Run the recipes until nothing is left, and give how often one was killed."""
    async with AsyncExitStack() as stack:
        at_work = [await recipe.start() for _ in range(run.processes)]
        for running in at_work:
            stack.push_async_callback(running.kill)
        kills = 0
        for credits in range(run.kill_every, run.events, run.kill_every):
            await until(lambda: _reached(sandbox, credits, at_work), f"{credits} credits")  # noqa: B023 - awaited here
            victim = rng.randrange(run.processes)
            await at_work[victim].kill()
            at_work[victim] = await recipe.start()
            stack.push_async_callback(at_work[victim].kill)
            kills += 1
        await until(lambda: _empty(recipe.broker, at_work), "messages are left")
        for running in at_work:
            await running.stop()
    assert await recipe.broker.left() == 0, "stopped with messages left"
    return kills


async def _reached(sandbox: Sandbox[RehookApi], credits: int, at_work: list[Running]) -> bool:
    assert all(running.alive for running in at_work), "a recipe has ended by itself"
    return len(sandbox.ledger) >= credits


async def _empty(broker: Broker, at_work: list[Running]) -> bool:
    assert all(running.alive for running in at_work), "a recipe has ended by itself"
    return await broker.left() == 0
