"""FastStream: acknowledged after the receipt, given back for later, moved to the dead letters and only then gone."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from attrs import define, field

from tests.brokers.nats_server import NatsServer, nats_server  # noqa: F401 - a fixture
from tests.consume.common import world
from tests.faults.providers import CLIENTS
from wallet_async.consume import Ack, DeadLetter, Outcome, Retry
from wallet_async.consume import faststream as ours
from wallet_async.engine.errors import InvalidInputError, WalletError

pytest.importorskip("faststream.nats", reason="FastStream is not installed: pip install 'faststream[nats]'")

Settle = Callable[..., Awaitable[None]]
AWAY = WalletError("away")


@define
class Message:
    """A message of a broker that holds none back, and what was done with it."""

    done: list[Any] = field(factory=list)

    async def ack(self) -> None:
        self.done.append("ack")

    async def nack(self, requeue: bool = True) -> None:
        self.done.append("nack")


class DelayingMessage(Message):
    """One of NATS, which takes a delay."""

    async def nack(self, delay: float | None = None) -> None:
        self.done.append(("nack", delay))


CASES: list[tuple[type[Message], Outcome, list[Any]]] = [
    (Message, Ack("receipt"), ["ack"]),
    (Message, Retry(2.5, AWAY), [("slept", 2.5), "nack"]),
    (DelayingMessage, Retry(2.5, AWAY), [("nack", 2.5)]),
    (Message, DeadLetter(AWAY), [("dead", AWAY), "ack"]),
]


async def check(settle: Settle) -> None:
    """Each outcome does what it says, in its order."""
    for kind, outcome, expected in CASES:
        message = kind()

        async def slept(seconds: float, message: Message = message) -> None:
            message.done.append(("slept", seconds))

        async def dead(error: WalletError, message: Message = message) -> None:
            message.done.append(("dead", error))

        await settle(message, outcome, dead, sleep=slept)
        assert message.done == expected


async def test_each_outcome() -> None:
    """One acknowledges, one waits and gives back, one is kept elsewhere before it is acknowledged."""
    await check(ours.settle)


async def test_twins() -> None:
    """Acknowledging first, or whatever the outcome is, fails the same check."""

    async def first(message: Any, outcome: Outcome, *rest: Any, **more: Any) -> None:
        await message.ack()
        await ours.settle(message, outcome, *rest, **more)

    async def always(message: Any, *_: Any, **__: Any) -> None:
        await message.ack()

    for broken in (first, always):
        with pytest.raises(AssertionError):
            await check(broken)


async def test_dead_letters_that_cannot_be_kept() -> None:
    """The message is not acknowledged, and comes again."""

    async def dead(_: WalletError) -> None:
        raise ConnectionError

    message = Message()
    with pytest.raises(ConnectionError):
        await ours.settle(message, DeadLetter(AWAY), dead)
    assert message.done == []


async def test_on_faststream_s_own_test_broker() -> None:
    """A handler settles its message with what FastStream hands it."""
    from faststream import AckPolicy
    from faststream.nats import NatsBroker, TestNatsBroker
    from faststream.nats.annotations import NatsMessage

    broker = NatsBroker()
    outcomes: list[Outcome] = [Ack("receipt"), Retry(1.0, AWAY), DeadLetter(AWAY)]
    ended: list[str | None] = []
    dead: list[WalletError] = []

    @broker.subscriber("orders", stream="orders", ack_policy=AckPolicy.MANUAL)
    async def on_order(_: str, message: NatsMessage) -> None:
        async def keep(error: WalletError) -> None:
            dead.append(error)

        await ours.settle(message, outcomes.pop(0), keep)
        ended.append(message.committed and message.committed.value)

    async with TestNatsBroker(broker):
        for _ in range(3):
            await broker.publish("order", "orders")
    assert ended == ["ACKED", "NACKED", "ACKED"]
    assert dead == [AWAY]


async def test_on_a_nats_server(nats_server: NatsServer) -> None:  # noqa: F811
    """Booked once though the journal is away at first and one message comes twice; what cannot be read is kept."""
    from faststream import AckPolicy
    from faststream.nats import JStream, NatsBroker, PullSub
    from faststream.nats.annotations import NatsMessage

    broker = NatsBroker(nats_server.url, log_level=10)
    stream = JStream("faststream", subjects=["faststream.new"])
    dead: list[str] = []
    settled = asyncio.Queue[Outcome]()

    async with world(CLIENTS["rehook"]) as it, it.consumer() as consumer:

        @broker.subscriber(
            "faststream.new", stream=stream, durable="wallet", pull_sub=PullSub(1), ack_policy=AckPolicy.MANUAL
        )
        async def on_order(message: NatsMessage) -> None:
            async def keep(error: WalletError) -> None:
                dead.append(error.message)

            order = message.body.decode()
            outcome: Outcome = DeadLetter(InvalidInputError("not an order"))
            if order.startswith("order-"):
                deliveries = message.raw_message.metadata.num_delivered
                outcome = await consumer.handle(order, it.movement(order), deliveries=deliveries)
            it.store.failing.clear()
            await ours.settle(message, shortened(outcome), keep)
            settled.put_nowait(outcome)

        it.store.failing.add("receive")
        async with broker:
            await broker.start()
            for body in ("order-1", "order-2", "order-1", "poison"):
                await broker.publish(body, "faststream.new", stream="faststream")
            outcomes = [type(await settled.get()) for _ in range(5)]
        assert outcomes.count(Retry) == 1
        assert outcomes.count(Ack) == 3
        assert dead == ["not an order"]
        assert it.booked(["order-1", "order-2"]) == {"order-1": 1, "order-2": 1}


def shortened(outcome: Outcome) -> Outcome:
    """Let a message come again at once."""
    return Retry(0.001, outcome.error) if isinstance(outcome, Retry) else outcome
