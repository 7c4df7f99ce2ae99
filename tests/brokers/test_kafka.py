"""`examples/consume_kafka.py` by Kafka's protocol: what no other broker has; the rest stands in `test_recipes`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.brokers import checks
from tests.brokers.child import load
from tests.brokers.harness import events, long
from tests.brokers.kafka_server import Kafka
from wallet_async.consume import Ack

RECIPE = "examples/consume_kafka.py"
SOON = {
    "POLL": 0.05,
    # A killed process is missed after a second; the mock cluster gathers a group for what is above one.
    "SETTINGS": {"auto_offset_reset": "earliest", "session_timeout_ms": 1200, "heartbeat_interval_ms": 300},
}


def committing_by_itself(recipe: ModuleType) -> None:
    """Sabotage: aiokafka's own commits, and a credit that takes longer than they do."""
    consumer, work = recipe.AIOKafkaConsumer, recipe.Orders.work

    def automatic(**options: Any) -> Any:
        return consumer(**{**options, "enable_auto_commit": True, "auto_commit_interval_ms": 10})

    async def slow(self: Any, partition: Any, record: Any) -> None:
        name = recipe.TopicPartition(record.topic, record.partition)
        while (await self.kafka.committed(name) or 0) <= record.offset:  # noqa: ASYNC110 - the broker sets no event
            await asyncio.sleep(0.01)
        await work(self, partition, record)

    vars(recipe)["AIOKafkaConsumer"] = automatic
    recipe.Orders.work = slow


async def test_auto_commit_is_refused(kafka: Kafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever turns auto-commit on in the recipe's settings is told at once."""
    recipe = load(RECIPE, {"SETTINGS": {"enable_auto_commit": True}}, 1.0)
    for name, value in kafka.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("WALLET_ASYNC_JOURNAL", f"sqlite:///{tmp_path}/journal.db")
    monkeypatch.setenv("REHOOK_API_KEY", "canary-api-key")
    monkeypatch.setenv("REHOOK_SECRET_KEY", "canary-secret-key")
    with pytest.raises(TypeError, match="enable_auto_commit"):
        await recipe.main()


class Held:
    """A consumer whose work on the first event takes until `release`."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.release = asyncio.Event()

    async def handle(self, event_id: str, _movement: Any, *, deliveries: int) -> Ack:
        self.begun.append(event_id)
        if event_id == "order-0":
            await self.release.wait()
        return Ack(None)


def recipe_for(kafka: Kafka, **constants: Any) -> ModuleType:
    """Import the recipe for one topic, with everything in one partition."""
    kafka.keyed = False
    return load(RECIPE, {**SOON, "TOPIC": kafka.topic, "GROUP": f"wallet-{kafka.topic}", **constants}, 1.0)


@asynccontextmanager
async def reading(kafka: Kafka, recipe: ModuleType, held: Held) -> AsyncIterator[Any]:
    """Run the recipe's `Orders` here, as one member of the group."""
    async with (
        recipe.AIOKafkaConsumer(
            bootstrap_servers=kafka.address, group_id=recipe.GROUP, enable_auto_commit=False, **recipe.SETTINGS
        ) as client,
        asyncio.TaskGroup() as group,
    ):
        orders = recipe.Orders(client, kafka.producer, held, group)
        client.subscribe([kafka.topic], listener=orders)
        task = group.create_task(orders.read())
        yield orders
        held.release.set()
        task.cancel()
        await orders.on_partitions_revoked(list(orders.partitions))


async def check_gap(kafka: Kafka, recipe: ModuleType) -> None:
    """Finish all but the first: nothing is committed before that one is finished too.

    Raises:
        AssertionError: It would not come again.
    """
    await checks.publish(kafka, events(3, wallets=3))
    held = Held()
    async with reading(kafka, recipe, held) as orders:
        await checks.now(lambda: len(held.begun) == 3, "3 are begun")
        await orders.commit(orders.partitions)
        assert await kafka.committed(0) == 0, "the first is given up"
        held.release.set()
        await checks.empty(kafka)


async def test_nothing_is_committed_beyond_a_gap(kafka: Kafka) -> None:
    """Of a partition what is finished without a gap is committed."""
    await check_gap(kafka, recipe_for(kafka))


async def test_the_newest_offset_gives_the_others_up(kafka: Kafka) -> None:
    """Sabotaged twin: committing what was read."""
    recipe = recipe_for(kafka)
    recipe.Partition.position = property(lambda partition: partition.next)
    with pytest.raises(ExceptionGroup) as caught:
        await check_gap(kafka, recipe)
    assert caught.group_contains(AssertionError, match="the first is given up")


async def check_handed_over(kafka: Kafka, recipe: ModuleType) -> None:
    """Let the group gather anew while a record is worked on.

    The mock cluster fails a second member that answers after the first, so the only one leaves and comes back.

    Raises:
        AssertionError: The record came again, though this process was well.
    """
    given = events(2, wallets=1)
    await checks.publish(kafka, given[:1])
    held = Held()
    async with reading(kafka, recipe, held) as orders:
        await checks.now(lambda: held.begun == ["order-0"], "one is begun")
        orders.kafka._coordinator.request_rejoin()
        await checks.now(lambda: all(one.leaving.is_set() for one in orders.partitions.values()), "a rebalance")
        held.release.set()
        # In one partition it is read after whatever comes again.
        await checks.publish(kafka, given[1:])
        await checks.now(lambda: "order-1" in held.begun, "the next one")
    assert held.begun == ["order-0", "order-1"], f"came again: {held.begun}"


async def test_a_partition_is_handed_over_finished(kafka: Kafka) -> None:
    """A rebalance waits for what is worked on, and commits it."""
    await check_handed_over(kafka, recipe_for(kafka))


async def test_a_partition_that_is_dropped_comes_again(kafka: Kafka) -> None:
    """Sabotaged twin: what was begun is forgotten in a rebalance."""
    recipe = recipe_for(kafka)

    async def drop(self: Any, revoked: Any) -> None:
        self.partitions.clear()

    recipe.Orders.on_partitions_revoked = drop
    with pytest.raises(AssertionError, match="came again"):
        await check_handed_over(kafka, recipe)


async def check_kept(kafka: Kafka, recipe: ModuleType, *, seconds: float) -> None:
    """Work on a record for so long, or until the partition is lost.

    Raises:
        AssertionError: It is lost.
    """
    await checks.publish(kafka, events(2, wallets=1))
    held = Held()
    async with reading(kafka, recipe, held) as orders:
        await checks.now(lambda: held.begun == ["order-0"], "one is begun")
        [partition] = orders.partitions.values()
        end = time.monotonic() + seconds
        while not partition.leaving.is_set() and time.monotonic() < end:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        lost = partition.leaving.is_set()
        held.release.set()
        await checks.empty(kafka)
    assert not lost, "Kafka has heard nothing for too long"


HURRIED = {"PREFETCH": 1, "SETTINGS": {**SOON["SETTINGS"], "max_poll_interval_ms": 500}}


@long
async def test_slow_work_keeps_its_partition(kafka: Kafka) -> None:
    """Work that takes longer than `max_poll_interval_ms`, with no room for more, costs no partition."""
    await check_kept(kafka, recipe_for(kafka, **HURRIED), seconds=2.0)


@long
async def test_slow_work_that_does_not_poll(kafka: Kafka) -> None:
    """Sabotaged twin: it waits for the work, and does not ask Kafka meanwhile."""
    recipe = recipe_for(kafka, **HURRIED)

    async def one_by_one(self: Any) -> None:
        while True:
            for name, records in (await self.kafka.getmany(timeout_ms=50, max_records=1)).items():
                partition = self.partitions.setdefault(name, recipe.Partition(records[0].offset))
                self.begin(partition, records[0])
                await asyncio.wait(partition.tasks)
                await self.commit(self.partitions)

    recipe.Orders.read = one_by_one
    with pytest.raises(AssertionError, match="heard nothing"):
        await check_kept(kafka, recipe, seconds=30.0)
