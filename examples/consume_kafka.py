"""Orders from a Kafka topic become Rehook credits, each once.

Run it as ``python examples/consume_kafka.py``, several at once if the journal is PostgreSQL. It reads
``KAFKA_BOOTSTRAP_SERVERS``, ``KAFKA_TOPIC`` (else ``orders``), ``WALLET_ASYNC_JOURNAL``, ``REHOOK_API_KEY`` and
``REHOOK_SECRET_KEY``; SIGTERM or SIGINT lets it finish what it has begun. If Kafka or the journal is lost for good it
ends with an error: start it again then, nothing is lost.

A message is JSON: ``{"id": "order-1849", "source_id": "krishna123", "wallet_id": "waty_Xbg", "points": 20}``. Its key
is the wallet: then one process has all events of a wallet, and keeps their order. Producers need ``acks="all"``.
"""

import asyncio
import json
import logging
import os
import signal
from collections.abc import Collection, Iterable
from decimal import Decimal
from itertools import count

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError

from rehook_async import InvalidInputError, Movement, RehookSession
from wallet_async.consume import Ack, Consumer, DeadLetter, Outcome, Retry
from wallet_async.journal import Journal, Settling

TOPIC = os.environ.get("KAFKA_TOPIC", "orders")
GROUP = f"wallet-{TOPIC}"
PREFETCH = 20
"""Records of one partition that are worked on at once; no more are taken."""
POLL = 0.2
"""Seconds between two commits. Kafka hears of this process as often, so that slow work costs it no partition."""
GRACE = 30.0
"""Seconds in which what was begun is finished before a partition is handed over."""
SETTINGS = {"auto_offset_reset": "earliest", "rebalance_timeout_ms": 60_000, "session_timeout_ms": 10_000}
SETTLING = Settling()


async def main() -> None:
    """Consume until a signal comes."""
    servers = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
    async with (
        await Journal.open(os.environ["WALLET_ASYNC_JOURNAL"], settling=SETTLING) as journal,
        RehookSession.from_env(journal=journal) as rehook,
        AIOKafkaProducer(bootstrap_servers=servers, acks="all", enable_idempotence=True) as producer,
        # By itself aiokafka commits what it has handed out, booked or not; turned on in SETTINGS it is a TypeError.
        AIOKafkaConsumer(bootstrap_servers=servers, group_id=GROUP, enable_auto_commit=False, **SETTINGS) as kafka,
        asyncio.TaskGroup() as group,
    ):
        # At its end what waits for its wallet's turn is given back, and what has begun is finished.
        async with Consumer(rehook, source=TOPIC) as consumer:
            orders = Orders(kafka, producer, consumer, group)
            kafka.subscribe([TOPIC], listener=orders)
            reading = group.create_task(orders.read())
            for number in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(number, reading.cancel)
            await asyncio.wait([reading])
        await orders.on_partitions_revoked(list(orders.partitions))


class Partition:
    """What is worked on of one partition."""

    def __init__(self, offset: int) -> None:
        """Begin with the record at *offset*."""
        self.committed = self.next = offset
        self.unfinished: set[int] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self.leaving = asyncio.Event()

    @property
    def position(self) -> int:
        """Where somebody else would have to go on: at the first record that is not finished."""
        return min(self.unfinished, default=self.next)


class Orders(ConsumerRebalanceListener):
    """Reads the topic; of each partition it commits what is finished without a gap."""

    def __init__(
        self, kafka: AIOKafkaConsumer, producer: AIOKafkaProducer, consumer: Consumer, group: asyncio.TaskGroup
    ) -> None:
        """Take what it works with."""
        self.kafka, self.producer, self.consumer, self.group = kafka, producer, consumer, group
        self.partitions: dict[TopicPartition, Partition] = {}

    async def read(self) -> None:
        """Begin with one record after another, in the order of its partition."""
        while True:
            room = {name: PREFETCH - len(partition.unfinished) for name, partition in self.partitions.items()}
            full = {name for name, free in room.items() if not free}
            self.kafka.pause(*full)
            self.kafka.resume(*self.kafka.paused() - full)
            most = min(filter(None, room.values()), default=PREFETCH)
            found = await self.kafka.getmany(timeout_ms=int(POLL * 1000), max_records=most)
            for name, records in found.items():
                partition = self.partitions.setdefault(name, Partition(records[0].offset))
                for record in records:
                    self.begin(partition, record)
            await self.commit(self.partitions)

    def begin(self, partition: Partition, record: ConsumerRecord) -> None:
        """Work on a record beside the others."""
        partition.next = record.offset + 1
        partition.unfinished.add(record.offset)
        task = self.group.create_task(self.work(partition, record))
        partition.tasks.add(task)
        task.add_done_callback(partition.tasks.discard)

    async def work(self, partition: Partition, record: ConsumerRecord) -> None:
        """Make the credit that a record asks for, again and again if need be: Kafka takes nothing back for later."""
        for deliveries in count(1):  # nor does it count them: another process begins at 1 again
            match await handle(self.consumer, record, deliveries):
                case Ack():
                    break
                case DeadLetter(error=error):
                    # First there, then away here: killed in between, it is there twice, but never nowhere.
                    headers = [("reason", str(error).encode())]
                    await self.producer.send_and_wait(f"{TOPIC}-dead", record.value, key=record.key, headers=headers)
                    break
                case Retry(delay=delay):
                    if await happens(partition.leaving, delay):
                        return
        partition.unfinished.discard(record.offset)

    async def commit(self, names: Iterable[TopicPartition]) -> None:
        """Tell Kafka how far these partitions are finished."""
        ours = {name: self.partitions[name] for name in names}
        offsets = {name: one.position for name, one in ours.items() if one.position > one.committed}
        if not offsets:
            return
        try:
            await self.kafka.commit(offsets)
        except (CommitFailedError, IllegalStateError) as error:
            logging.getLogger(__name__).warning("taken over by another process, which finds it booked: %s", error)
        else:
            for name, offset in offsets.items():
                ours[name].committed = offset

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Finish what was begun; what takes longer is left to whoever has the partition next, and finds it booked."""
        names = [name for name in revoked if name in self.partitions]
        tasks = [task for name in names for task in self.partitions[name].tasks]
        for name in names:
            self.partitions[name].leaving.set()
        if tasks:
            await asyncio.wait(tasks, timeout=GRACE)
        await self.commit(names)
        for name in names:
            self.partitions.pop(name, None)

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Nothing: a partition is known from its first record on."""


async def handle(consumer: Consumer, record: ConsumerRecord, deliveries: int) -> Outcome:
    """Make the credit that a record asks for."""
    try:
        event_id, movement = read(record.value)
    except InvalidInputError as error:
        return DeadLetter(error)
    return await consumer.handle(event_id, movement, deliveries=deliveries)


def read(body: bytes | None) -> tuple[str, Movement]:
    """Give the id of an order, which names it for ever, and its credit.

    Raises:
        InvalidInputError: It is no order.
    """
    try:
        order = json.loads(body, parse_float=Decimal)
        fields = {name: order[name] for name in ("source_id", "wallet_id", "points")}
        return order["id"], Movement(kind="credit", description=order["id"], **fields)
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise InvalidInputError(f"not an order: {type(error).__name__}: {error}") from None


async def happens(event: asyncio.Event, within: float) -> bool:
    """Wait for *event* so many seconds, and tell whether it came."""
    try:
        await asyncio.wait_for(event.wait(), within)
    except TimeoutError:
        return False
    return True


if __name__ == "__main__":
    asyncio.run(main())
