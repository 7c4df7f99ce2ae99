"""Long work in a thread that ends soon after the task that waits for it is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from threading import Event
from typing import TypeVar

T = TypeVar("T")


class StoppedError(Exception):
    """Ends work in a thread whose caller is gone; nobody sees it."""


async def in_thread(work: Callable[[Event], T]) -> T:
    """Run *work* in a thread; where the caller is cancelled, set its event, and leave when it has ended.

    A thread cannot be interrupted, and what it writes to must not be taken away from under it. *work* looks at the
    event now and then, and raises `StoppedError` when it is set.
    """
    stop = Event()
    running = asyncio.ensure_future(asyncio.to_thread(work, stop))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait([running])
        running.exception()  # retrieved: after the cancellation nobody asks for it
        raise
