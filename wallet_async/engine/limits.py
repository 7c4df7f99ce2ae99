"""How much at once: a gate for what is in flight, a bounded waiting line, a rate, a pause for all."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from attrs import field, frozen
from attrs.validators import optional

from wallet_async.engine.checks import at_least, positive
from wallet_async.engine.errors import QueueFullError

_CATCH_UP = 0.01
"""Seconds the rate may lag behind before what was missed is forfeited."""


@frozen(kw_only=True)
class Limits:
    """Bounds that everything a session does shares. Neither provider documents a rate limit."""

    max_in_flight: int = field(default=50, validator=at_least(1))
    """Requests under way at once, and so connections."""
    max_queued: int = field(default=10_000, validator=at_least(0))
    """Calls waiting for their turn; one more raises `QueueFullError`."""
    rate: float | None = field(default=None, validator=optional(positive))
    """Requests a second, evenly spaced, or None for no bound."""
    max_body: int = field(default=8 * 1024 * 1024, validator=at_least(1024))
    """Bytes of one answer after decompression; more is refused."""


@frozen(kw_only=True)
class Timeouts:
    """Bounds in time, all in seconds."""

    total: float = field(default=30.0, validator=positive)
    """The whole call: queue, token, every attempt, every wait, reading the body."""
    connect: float = field(default=5.0, validator=positive)
    """Making one TCP connection."""
    attempt: float = field(default=10.0, validator=positive)
    """One attempt of a call that may be repeated. A credit or debit has all of `total` for its only attempt."""


class Gate:
    """Lets `max_in_flight` requests through at a time, first come first served."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._interval = 1 / limits.rate if limits.rate else 0.0
        self._next_at = 0.0
        self._waiting: OrderedDict[asyncio.Future[None], None] = OrderedDict()
        self._pacing = asyncio.Lock()
        self.in_flight: int = 0
        """Slots taken."""

    @property
    def queued(self) -> int:
        """Callers waiting for a slot."""
        return len(self._waiting)

    def take(self) -> bool:
        """Take a slot if one is free and nothing has to be waited for; otherwise `acquire` has to be awaited."""
        if self.in_flight < self._limits.max_in_flight and not self._interval and not self._next_at:
            self.in_flight += 1
            return True
        return False

    async def acquire(self) -> None:
        """Wait for a slot, and then for the rate and for any pause.

        Raises:
            QueueFullError: `Limits.max_queued` callers are waiting already.
        """
        if self.in_flight < self._limits.max_in_flight:
            self.in_flight += 1
        else:
            await self._queue()
        if self._interval or self._next_at:
            try:
                await self._pace()
            except BaseException:
                self.release()
                raise

    async def _queue(self) -> None:
        if self.queued >= self._limits.max_queued:
            raise QueueFullError(f"{self.queued} calls are waiting already (Limits.max_queued); nothing was sent")
        turn = asyncio.get_running_loop().create_future()
        self._waiting[turn] = None
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._waiting.pop(turn, None)
            else:
                self.release()  # the slot came in the same moment as the cancellation: pass it on
            raise

    async def _pace(self) -> None:
        """Sleep until the next free moment; only the first in line sleeps, the others wait behind it."""
        loop = asyncio.get_running_loop()
        async with self._pacing:
            while (delay := self._next_at - loop.time()) > 0:  # noqa: ASYNC110 - time, not an event, is awaited
                await asyncio.sleep(delay)
            # Timers are late by up to a millisecond or so: a small lag may be caught up, or the rate is never reached.
            self._next_at = max(self._next_at, loop.time() - _CATCH_UP) + self._interval if self._interval else 0.0

    def release(self) -> None:
        """Give a slot back, or straight to the caller who has waited longest."""
        while self._waiting:
            turn, _ = self._waiting.popitem(last=False)
            if not turn.done():
                turn.set_result(None)
                return
        self.in_flight -= 1

    def pause(self, delay: float) -> None:
        """Let nothing new leave for *delay* seconds: the provider asked for it."""
        self._next_at = max(self._next_at, asyncio.get_running_loop().time() + delay)
