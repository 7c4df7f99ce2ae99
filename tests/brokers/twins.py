"""Recipes broken on purpose, each in one thing; `tests.brokers.child` applies them."""

from __future__ import annotations

import asyncio
import random
import signal
from types import ModuleType
from typing import Any

from wallet_async.consume import Ack, Consumer, DeadLetter


def doubling(recipe: ModuleType) -> None:
    """Each delivery is an event of its own, as if it were named by something that changes from one to the next."""
    handle = Consumer.handle

    async def anew(self: Any, event_id: str, movement: Any, *, deliveries: int) -> Any:
        return await handle(self, f"{event_id} {random.random()}", movement, deliveries=deliveries)

    Consumer.handle = anew  # type: ignore[method-assign]


def overtaking(recipe: ModuleType) -> None:
    """The first event is handed over only after the second is done."""
    handle = Consumer.handle
    second = asyncio.Event()
    begun = 0

    async def late(self: Any, event_id: str, movement: Any, *, deliveries: int) -> Any:
        nonlocal begun
        begun += 1
        if begun == 1:
            await second.wait()
        try:
            return await handle(self, event_id, movement, deliveries=deliveries)
        finally:
            second.set()

    Consumer.handle = late  # type: ignore[method-assign]


def silent(recipe: ModuleType) -> None:
    """What is poisonous is acknowledged, and nobody hears of it."""
    handle = recipe.handle

    async def quiet(*arguments: Any) -> Any:
        outcome = await handle(*arguments)
        return Ack(None) if isinstance(outcome, DeadLetter) else outcome

    vars(recipe)["handle"] = quiet


def abrupt(recipe: ModuleType) -> None:
    """A signal ends it at once, though it had said that it listens."""
    add = asyncio.SelectorEventLoop.add_signal_handler

    def forgetting(self: Any, number: int, *arguments: Any) -> None:
        add(self, number, *arguments)
        signal.signal(number, signal.SIG_DFL)

    asyncio.SelectorEventLoop.add_signal_handler = forgetting  # type: ignore[method-assign,assignment]
