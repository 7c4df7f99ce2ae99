"""FastStream: what an outcome means for the message of its handler; the extra ``[faststream]`` brings FastStream."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from inspect import signature
from typing import Any, Protocol

from wallet_async.consume.outcomes import Ack, DeadLetter, Outcome, Retry
from wallet_async.engine.errors import WalletError


class Message(Protocol):
    """What is used of ``faststream.StreamMessage``."""

    @property
    def nack(self) -> Callable[..., Awaitable[Any]]:
        """Give it back to the broker; NATS takes a ``delay`` in seconds."""

    async def ack(self) -> Any:
        """Say that it is done."""


async def settle(
    message: Message,
    outcome: Outcome,
    dead_letter: Callable[[WalletError], Awaitable[object]],
    *,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> None:
    """Acknowledge a message, give it back for later, or move it to the dead letters, at the end of its handler.

    The subscriber's policy is ``AckPolicy.MANUAL`` or ``AckPolicy.NACK_ON_ERROR``: FastStream's default drops a message
    whose handler fails.

    Args:
        message: The handler's message.
        outcome: What `Consumer.handle` gave, or a `DeadLetter` for a message that cannot be read.
        dead_letter: Keeps the message, with the error as the reason; it is acknowledged after that, so that it is
            twice among the dead letters at worst, and never nowhere.
        sleep: Waits so many seconds. Only NATS holds a message back itself; for other brokers that is done here.
    """
    match outcome:
        case Ack():
            await message.ack()
        case DeadLetter(error):
            await dead_letter(error)
            await message.ack()
        case Retry(delay) if "delay" in signature(message.nack).parameters:
            await message.nack(delay=delay)
        case Retry(delay):
            await sleep(delay)
            await message.nack()
