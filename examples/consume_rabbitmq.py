"""Orders from a RabbitMQ queue become Rehook credits, each once.

Run it as ``python examples/consume_rabbitmq.py``, several at once if the journal is PostgreSQL. It reads
``RABBITMQ_URL``, ``RABBITMQ_QUEUE`` (else ``orders``), ``WALLET_ASYNC_JOURNAL``, ``REHOOK_API_KEY`` and
``REHOOK_SECRET_KEY``; SIGTERM or SIGINT lets it finish what it has begun. If the broker closes the connection it ends
with an error: start it again then, nothing is lost. RabbitMQ 3.10 or newer.

A message is JSON: ``{"id": "order-1849", "source_id": "krishna123", "wallet_id": "waty_Xbg", "points": 20}``.
"""

import asyncio
import json
import os
import signal
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue

from rehook_async import InvalidInputError, Movement, RehookSession
from wallet_async.consume import Consumer, DeadLetter, Outcome, Retry
from wallet_async.journal import Journal, Settling

QUEUE = os.environ.get("RABBITMQ_QUEUE", "orders")
PREFETCH = 20
"""Messages that this process has at once. RabbitMQ knows no way to say that work goes on: the last of them, should all
be of one wallet, has to end within its ``consumer_timeout`` (30 minutes). One ends within `Timeouts.total` (30 s)."""
DELAYS = (1, 10, 60, 300)
"""Seconds that a message can be given back for, each by a queue of its own: in one that held several, the message in
front would hold up the shorter ones behind it."""
DELIVERIES = "wallet-async-deliveries"
"""The header in which a message that was given back tells how often it had come."""
SETTLING = Settling()


async def main() -> None:
    """Consume until a signal comes."""
    async with (
        await Journal.open(os.environ["WALLET_ASYNC_JOURNAL"], settling=SETTLING) as journal,
        RehookSession.from_env(journal=journal) as rehook,
        await aio_pika.connect(os.environ["RABBITMQ_URL"]) as broker,
    ):
        # What is published is confirmed; what finds no queue is an error, which it is not by default.
        channel = await broker.channel(publisher_confirms=True, on_return_raises=True)
        await channel.set_qos(prefetch_count=PREFETCH)
        queue = await declare(channel)
        # Left from the right: what waits for its wallet's turn is given back, what has begun is finished.
        async with asyncio.TaskGroup() as at_work, Consumer(rehook, source=QUEUE) as consumer:
            taking = at_work.create_task(take(queue, consumer, at_work))
            for number in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(number, taking.cancel)
            await asyncio.wait([taking])


async def declare(channel: AbstractChannel) -> AbstractQueue:
    """Make the queues where they are missing: quorum queues, which keep what they have confirmed."""
    await channel.declare_queue(f"{QUEUE}.dead", durable=True, arguments={"x-queue-type": "quorum"})
    # Newer brokers give up what died 20 times with its process: it goes to the dead letters, and is not gone.
    queue = await channel.declare_queue(QUEUE, durable=True, arguments=leading_to(f"{QUEUE}.dead"))
    for delay in DELAYS:
        arguments = {**leading_to(QUEUE), "x-message-ttl": int(delay * 1000)}
        await channel.declare_queue(f"{QUEUE}.retry.{delay}", durable=True, arguments=arguments)
    return queue


def leading_to(queue: str) -> dict[str, Any]:
    """Give the arguments of a queue whose messages, when their time is up, are in *queue* before they are gone here."""
    return {
        "x-queue-type": "quorum",
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": queue,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",  # the strategy asks for it
    }


async def take(queue: AbstractQueue, consumer: Consumer, at_work: asyncio.TaskGroup) -> None:
    """Begin with one message after another, in the queue's order, `PREFETCH` at once."""

    async def begin(message: AbstractIncomingMessage) -> None:
        at_work.create_task(work(queue.channel, consumer, message))

    tag = await queue.consume(begin)
    try:
        await queue.channel.closed()
    except asyncio.CancelledError:
        await queue.cancel(tag)
        raise
    raise ConnectionError("RabbitMQ has closed the channel")


async def work(channel: AbstractChannel, consumer: Consumer, message: AbstractIncomingMessage) -> None:
    """Do all that a message needs."""
    await settle(channel, message, await handle(consumer, message))


async def handle(consumer: Consumer, message: AbstractIncomingMessage) -> Outcome:
    """Make the credit that a message asks for."""
    try:
        event_id, movement = read(message.body)
    except InvalidInputError as error:
        return DeadLetter(error)
    return await consumer.handle(event_id, movement, deliveries=deliveries(message.headers))


def read(body: bytes) -> tuple[str, Movement]:
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


def deliveries(headers: Mapping[str, Any]) -> int:
    """Count how often a message has come: before it was given back, as `settle` noted, and since."""
    return int(headers.get(DELIVERIES, 0)) + int(headers.get("x-delivery-count", 0)) + 1


async def settle(channel: AbstractChannel, message: AbstractIncomingMessage, outcome: Outcome) -> None:
    """Acknowledge a message, give it back for later, or move it to the dead letters."""
    match outcome:
        case Retry(delay=delay):
            queue = f"{QUEUE}.retry.{next((each for each in DELAYS if each >= delay), DELAYS[-1])}"
            await move(channel, message, queue, {DELIVERIES: deliveries(message.headers)})
        case DeadLetter(error=error):
            await move(channel, message, f"{QUEUE}.dead", {"reason": str(error)})
    await message.ack()


async def move(channel: AbstractChannel, message: AbstractIncomingMessage, queue: str, headers: dict[str, Any]) -> None:
    """Put a message into another queue before it leaves this one.

    Killed in between, it is in both: the journal makes nothing of that, and a person sees a dead letter twice.
    """
    copy = aio_pika.Message(message.body, headers=headers, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
    await channel.default_exchange.publish(copy, routing_key=queue)


if __name__ == "__main__":
    asyncio.run(main())
