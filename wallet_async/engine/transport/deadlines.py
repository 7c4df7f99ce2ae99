"""Deadlines of many requests under way, with one timer of the event loop for all of them.

A timer for each request costs more than the rest of its bookkeeping, and nearly all are cancelled unused.
"""

from __future__ import annotations

import asyncio
import math
from typing import Any


class Deadlines:
    """Ends the waits whose time is up."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None
        self._next = math.inf  # when it fires
        self._due: dict[asyncio.Future[Any], float] = {}

    def wait(self, deadline: float) -> asyncio.Future[Any]:
        """Make a future that ends with `TimeoutError` at *deadline*, in seconds of the loop's clock."""
        waiter = self._loop.create_future()
        self._due[waiter] = deadline
        if deadline < self._next:
            self._set(deadline)
        return waiter

    def remove(self, waiter: asyncio.Future[Any]) -> None:
        """Forget *waiter*. The timer stays: it is cheaper to let it fire for nothing now and then."""
        self._due.pop(waiter, None)

    def close(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer, self._next = None, math.inf

    def _set(self, deadline: float) -> None:
        self.close()
        self._timer, self._next = self._loop.call_at(deadline, self._fire), deadline

    def _fire(self) -> None:
        self._timer, self._next = None, math.inf
        now = self._loop.time()
        for waiter in [waiter for waiter, deadline in self._due.items() if deadline <= now]:
            del self._due[waiter]
            if not waiter.done():
                waiter.set_exception(TimeoutError())
        if self._due:
            self._set(min(self._due.values()))
