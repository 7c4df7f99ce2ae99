"""Orders from a Redis stream become Rehook credits, each once.

Run it as ``python examples/consume_redis.py``, several at once if the journal is PostgreSQL. It reads ``REDIS_URL``,
``REDIS_STREAM`` (else ``orders``), ``WALLET_ASYNC_JOURNAL``, ``REHOOK_API_KEY`` and ``REHOOK_SECRET_KEY``; SIGTERM or
SIGINT lets it finish what it has begun. If Redis or the journal is lost for good it ends with an error: start it again
then, nothing is lost.

A message has one field, ``data``, JSON:
``{"id": "order-1849", "source_id": "krishna123", "wallet_id": "waty_Xbg", "points": 20}``. Give XADD no MAXLEN: what it
trims away was perhaps never read. Redis keeps what it has confirmed only with ``appendonly yes`` and
``appendfsync always``. One process keeps the order of a wallet's events, several do not.
"""

import asyncio
import json
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import NamedTuple

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from rehook_async import InvalidInputError, Movement, RehookSession
from wallet_async.consume import Consumer, DeadLetter, Outcome, Redelivery, Retry
from wallet_async.journal import Journal, Settling

STREAM = os.environ.get("REDIS_STREAM", "orders")
GROUP = "wallet"
"""The only one that reads the stream: what it is done with is deleted."""
NAME = f"{socket.gethostname()}-{os.getpid()}"
PREFETCH = 20
"""Messages that this process works on at once; it asks for no more."""
MIN_IDLE = 60.0
"""Seconds of silence after which anybody takes a message over; longer work says that it goes on. Redis knows no longer
delay either."""
BLOCK = 1.0
"""Seconds to wait for new messages before looking again for those left behind."""
SETTLING = Settling()


class Message(NamedTuple):
    """One delivery."""

    id: bytes
    body: bytes
    deliveries: int


async def main() -> None:
    """Consume until a signal comes."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    # An hour for a debit whose points come with a later event.
    redelivery = Redelivery(max_delay=MIN_IDLE, max_deliveries=65)
    async with (
        await Journal.open(os.environ["WALLET_ASYNC_JOURNAL"], settling=SETTLING) as journal,
        RehookSession.from_env(journal=journal) as rehook,
        # Not decoded: bytes that are no text would fail all messages that come with them.
        Redis.from_url(os.environ["REDIS_URL"]) as redis,
        # Left from the right: what waits for its wallet's turn is given back, what has begun is finished.
        asyncio.TaskGroup() as group,
        Consumer(rehook, source=STREAM, redelivery=redelivery) as consumer,
    ):
        await subscribe(redis)
        at_work: set[asyncio.Task[None]] = set()
        async for message in messages(redis, stop, at_work):
            task = group.create_task(work(redis, consumer, message))
            at_work.add(task)
            task.add_done_callback(at_work.discard)


async def subscribe(redis: Redis) -> None:
    """Make the stream and the group where they are missing; it begins with the oldest message."""
    try:
        await redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    except ResponseError as error:
        if not str(error).startswith("BUSYGROUP"):
            raise


async def messages(redis: Redis, stop: asyncio.Event, at_work: set[asyncio.Task[None]]) -> AsyncIterator[Message]:
    """Give messages, those left behind before new ones, `PREFETCH` at once."""
    cursor = b"0-0"
    while not stop.is_set():
        if len(at_work) == PREFETCH:
            await asyncio.wait(at_work, return_when=asyncio.FIRST_COMPLETED)
            continue
        room = PREFETCH - len(at_work)
        cursor, left_behind = await reap(redis, cursor, room)
        for message in left_behind:
            yield message
        if room := room - len(left_behind):
            found = await redis.xreadgroup(GROUP, NAME, {STREAM: ">"}, count=room, block=int(BLOCK * 1000))
            for message_id, fields in found[0][1] if found else ():
                yield Message(message_id, fields.get(b"data", b""), deliveries=1)


async def reap(redis: Redis, cursor: bytes, count: int) -> tuple[bytes, list[Message]]:
    """Take over what was given back and is due, and what somebody left who died; Redis gives neither to anybody."""
    cursor, claimed, gone = await redis.xautoclaim(STREAM, GROUP, NAME, int(MIN_IDLE * 1000), cursor, count=count)
    if gone:
        logging.getLogger(__name__).error("messages were deleted before they were booked: %s", gone)
    async with redis.pipeline(transaction=False) as asking:
        for message_id, _ in claimed:
            asking.xpending_range(STREAM, GROUP, message_id, message_id, 1)
        pending = await asking.execute()
    return cursor, [
        Message(message_id, fields.get(b"data", b""), found[0]["times_delivered"])
        for (message_id, fields), found in zip(claimed, pending, strict=True)
        if found  # else somebody has finished it in this moment
    ]


async def work(redis: Redis, consumer: Consumer, message: Message) -> None:
    """Make the credit that a message asks for, keep the message meanwhile, and say what became of it."""
    # Nothing here is cancelled: redis-py's commands sometimes swallow a cancellation and go on.
    handling = asyncio.create_task(handle(consumer, message))
    while not (await asyncio.wait([handling], timeout=MIN_IDLE / 3))[0]:
        # Its idle time begins anew; justid leaves its deliveries as they are.
        await redis.xclaim(STREAM, GROUP, NAME, 0, [message.id], justid=True)
    await settle(redis, message, handling.result())


async def handle(consumer: Consumer, message: Message) -> Outcome:
    """Make the credit that a message asks for."""
    try:
        event_id, movement = read(message.body)
    except InvalidInputError as error:
        return DeadLetter(error)
    return await consumer.handle(event_id, movement, deliveries=message.deliveries)


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


async def settle(redis: Redis, message: Message, outcome: Outcome) -> None:
    """Acknowledge a message and delete it, leave it for later, or move it to the dead letters."""
    async with redis.pipeline(transaction=True) as pipe:
        match outcome:
            case Retry(delay=delay):
                # It is taken up again when it seems to have been idle for `MIN_IDLE`.
                idle = int(max(MIN_IDLE - delay, 0.0) * 1000)
                pipe.xclaim(STREAM, GROUP, NAME, 0, [message.id], idle=idle, justid=True)
            case DeadLetter(error=error):
                pipe.xadd(f"{STREAM}-dead", {"data": message.body, "reason": str(error)})
        if not isinstance(outcome, Retry):
            pipe.xack(STREAM, GROUP, message.id)
            pipe.xdel(STREAM, message.id)
        await pipe.execute()


if __name__ == "__main__":
    asyncio.run(main())
