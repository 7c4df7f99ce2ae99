"""Orders from a NATS JetStream stream become Rehook credits, each once.

Run it as ``python examples/consume_nats.py``, several at once if the journal is PostgreSQL. It reads ``NATS_URL``,
``NATS_STREAM`` (else ``orders``), ``WALLET_ASYNC_JOURNAL``, ``REHOOK_API_KEY`` and ``REHOOK_SECRET_KEY``; SIGTERM or
SIGINT lets it finish what it has begun. If the server is away for two minutes it ends with an error: start it again
then, nothing is lost. The server keeps what it has confirmed through a power cut only with ``sync_interval: always``.

A message is JSON: ``{"id": "order-1849", "source_id": "krishna123", "wallet_id": "waty_Xbg", "points": 20}``.
"""

import asyncio
import json
import os
import signal
from decimal import Decimal

import nats
from nats.aio.msg import Msg
from nats.errors import TimeoutError as NothingCame
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig

from rehook_async import InvalidInputError, Movement, RehookSession
from wallet_async.consume import Ack, Consumer, DeadLetter, Outcome, Retry
from wallet_async.journal import Journal, Settling

STREAM = os.environ.get("NATS_STREAM", "orders")
PREFETCH = 20
"""Messages that this process works on at once; it asks for no more."""
ACK_WAIT = 30.0
"""Seconds of silence after which the server gives a message to somebody else; longer work says that it goes on."""
SETTLING = Settling()


async def main() -> None:
    """Consume until a signal comes."""
    async with (
        await Journal.open(os.environ["WALLET_ASYNC_JOURNAL"], settling=SETTLING) as journal,
        RehookSession.from_env(journal=journal) as rehook,
        await nats.connect(os.environ["NATS_URL"]) as server,
    ):
        stream = server.jetstream()
        subscription = await subscribe(stream)
        # Left from the right: what waits for its wallet's turn is given back, what has begun is finished.
        async with asyncio.TaskGroup() as at_work, Consumer(rehook, source=STREAM) as consumer:
            pulling = at_work.create_task(pull(stream, subscription, consumer, at_work))
            for number in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(number, pulling.cancel)
            await asyncio.wait([pulling])


async def subscribe(stream: JetStreamContext) -> JetStreamContext.PullSubscription:
    """Make both streams and the consumer where they are missing, and subscribe."""
    await stream.add_stream(name=STREAM, subjects=[f"{STREAM}.new"])
    await stream.add_stream(name=f"{STREAM}-dead", subjects=[f"{STREAM}.dead"])
    # The server must never give up by itself, as it would silently: the recipe moves what is poisonous.
    config = ConsumerConfig(durable_name="wallet", ack_policy=AckPolicy.EXPLICIT, ack_wait=ACK_WAIT, max_deliver=-1)
    await stream.add_consumer(STREAM, config)
    return await stream.pull_subscribe_bind("wallet", STREAM)


async def pull(
    stream: JetStreamContext,
    subscription: JetStreamContext.PullSubscription,
    consumer: Consumer,
    at_work: asyncio.TaskGroup,
) -> None:
    """Begin with one message after another, in the stream's order, `PREFETCH` at once."""
    room = asyncio.Semaphore(PREFETCH)
    while True:
        await room.acquire()
        try:
            # Asked again and again: a server that was started anew knows nothing of what it was asked before.
            [message] = await subscription.fetch(1, timeout=5)
        except NothingCame:
            room.release()
        else:
            task = at_work.create_task(work(stream, consumer, message))
            task.add_done_callback(lambda _: room.release())


async def work(stream: JetStreamContext, consumer: Consumer, message: Msg) -> None:
    """Do all that a message needs."""
    await settle(stream, message, await handle(consumer, message))


async def handle(consumer: Consumer, message: Msg) -> Outcome:
    """Make the credit that a message asks for, and keep the message meanwhile."""
    try:
        event_id, movement = read(message.data)
    except InvalidInputError as error:
        return DeadLetter(error)
    keeping = asyncio.create_task(keep(message))
    try:
        return await consumer.handle(event_id, movement, deliveries=message.metadata.num_delivered)
    finally:
        keeping.cancel()


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


async def keep(message: Msg) -> None:
    """Tell the server again and again that a message is being worked on."""
    while True:
        await asyncio.sleep(ACK_WAIT / 3)
        await message.in_progress()


async def settle(stream: JetStreamContext, message: Msg, outcome: Outcome) -> None:
    """Acknowledge a message, give it back for later, or move it to the dead letters."""
    match outcome:
        case Ack():
            await message.ack()
        case Retry(delay=delay):
            await message.nak(delay)
        case DeadLetter(error=error):
            # First there, then away here: killed in between, it is among the dead letters twice, but never nowhere.
            await stream.publish(f"{STREAM}.dead", message.data, headers={"Reason": str(error)})
            await message.term()


if __name__ == "__main__":
    asyncio.run(main())
