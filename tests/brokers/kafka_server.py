"""Kafka's protocol over TCP, by the mock cluster that librdkafka tests itself with, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from attrs import define

INSTALL = "no Kafka client or mock cluster is installed: pip install aiokafka confluent-kafka"
PARTITIONS = 4
"""What the mock cluster gives each topic."""


class KafkaServer:
    """A cluster of one broker, in memory; `start` before use, `close` at the end."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("kafka_cluster.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def start(self) -> None:
        """Wait until it listens."""
        assert self._process.stdout is not None
        self.address: str = self._process.stdout.readline().decode().strip()
        assert self.address, "the mock cluster did not start"

    def close(self) -> None:
        """End it."""
        self._process.communicate()


@define
class Kafka:
    """A topic of a cluster that nothing else uses, as `tests.brokers.harness.Broker`."""

    address: str
    topic: str
    producer: Any
    consumer: Any
    """One that joins no group: it looks on."""
    keyed: bool = True
    """Whether a message's key chooses its partition; else all go to one."""
    published: int = 0
    name: str = "kafka"

    @property
    def environ(self) -> Mapping[str, str]:
        return {"KAFKA_BOOTSTRAP_SERVERS": self.address, "KAFKA_TOPIC": self.topic}

    async def publish(self, body: bytes, *, key: str) -> None:
        await self.producer.send_and_wait(self.topic, body, key=key.encode(), partition=None if self.keyed else 0)
        self.published += 1

    async def left(self) -> int:
        return self.published - sum([await self.committed(partition) for partition in range(PARTITIONS)])

    async def committed(self, partition: int) -> int:
        """Give how many records of a partition are committed."""
        from aiokafka import TopicPartition

        return await self.consumer.committed(TopicPartition(self.topic, partition)) or 0

    async def dead(self) -> list[bytes]:
        from aiokafka import TopicPartition

        partitions = [TopicPartition(f"{self.topic}-dead", partition) for partition in range(PARTITIONS)]
        self.consumer.assign(partitions)
        await self.consumer.seek_to_beginning(*partitions)
        letters: list[Any] = []
        ends = await self.consumer.end_offsets(partitions)
        while len(letters) < sum(ends.values()):
            for records in (await self.consumer.getmany(timeout_ms=100)).values():
                letters += records
        assert all(dict(letter.headers)["reason"] for letter in letters)
        return [letter.value for letter in letters]


@pytest.fixture(scope="session")
def kafka_server() -> Iterator[KafkaServer]:
    """Give the cluster that tests share."""
    pytest.importorskip("aiokafka", reason=INSTALL)
    pytest.importorskip("confluent_kafka", reason=INSTALL)
    server = KafkaServer()
    try:
        server.start()
        yield server
    finally:
        server.close()


_TOPICS = map("orders{}".format, count(1))


@pytest.fixture
async def kafka(kafka_server: KafkaServer) -> AsyncIterator[Kafka]:
    """Give a topic for this test alone."""
    from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

    servers, topic = kafka_server.address, next(_TOPICS)
    async with (
        AIOKafkaProducer(bootstrap_servers=servers, enable_idempotence=True) as producer,
        AIOKafkaConsumer(bootstrap_servers=servers, group_id=f"wallet-{topic}", enable_auto_commit=False) as consumer,
    ):
        yield Kafka(servers, topic, producer, consumer)
