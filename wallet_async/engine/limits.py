"""How much at once: a gate for what is in flight, a bounded waiting line, a rate, a pause for all."""

from __future__ import annotations

import asyncio
import math
from typing import Any, Literal, Protocol

from attrs import field, frozen
from attrs.validators import optional

from wallet_async.engine.adapt import START, Adaptive
from wallet_async.engine.checks import at_least, positive, reject
from wallet_async.engine.errors import QueueFullError
from wallet_async.engine.line import BULK, Line

_CATCH_UP = 0.01
"""Seconds a rate may lag behind before what was missed is forfeited. Timers are late by up to a millisecond or so: if a
small lag could not be caught up, the rate would never be reached."""
_LATE = 0.002
"""The same for a bound that adapts: it makes up for what it misses by growing, and bursts get refused."""


def _count_or_auto(_: Any, attribute: Any, value: Any) -> None:
    if value != "auto" and (type(value) is not int or value < 1):
        raise reject(f"Limits.{attribute.name}", value, "an int of at least 1 or 'auto'")


class Pace(Protocol):
    """A rate that others keep to as well: other processes, other machines. See `wallet_async.rates`."""

    async def wait(self) -> None:
        """Wait until one more request may leave.

        Raises:
            WalletError: That cannot be found out; nothing leaves, and the error says so (`WalletError.not_applied`).
        """


def _pace(_: Any, __: Any, value: Any) -> None:
    if value is not None and not callable(getattr(value, "wait", None)):
        raise reject("Limits.pace", value, "an object with a coroutine `wait`, such as wallet_async.rates.SharedRate")


@frozen(kw_only=True)
class Limits:
    """Bounds that everything a session does shares. Neither provider documents a rate limit."""

    max_in_flight: int | Literal["auto"] = field(default=50, validator=_count_or_auto)
    """Requests under way at once, and so connections. ``"auto"`` finds out what the provider sustains: the bound grows
    while answers stay quick and is halved when one is refused (429, 503) or times out; `Statistics.max_in_flight`
    tells it. A bulk run's ``concurrency`` has to leave it room."""
    max_queued: int = field(default=10_000, validator=at_least(0))
    """Single calls waiting for their turn; one more raises `QueueFullError`. The workers of a bulk run always wait:
    there are no more of them than its ``concurrency``."""
    rate: float | None = field(default=None, validator=optional(positive))
    """Requests a second, evenly spaced, or None for no bound."""
    pace: Pace | None = field(default=None, validator=_pace)
    """Awaited before each request leaves, while its slot is held: a rate shared with other processes."""
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
    """Lets so many requests through at a time as are allowed, in the order of `Line`."""

    def __init__(self, limits: Limits) -> None:
        self._max_queued = limits.max_queued
        fixed = limits.max_in_flight
        self._adaptive = None if isinstance(fixed, int) else Adaptive()
        self.adapts: bool = self._adaptive is not None
        """Whether `learn` is of any use."""
        self._interval = 1 / limits.rate if limits.rate else 0.0
        self._pace = limits.pace
        self._spaced = bool(self._interval or self._adaptive or self._pace)
        self._next_at = -math.inf  # the loop's time from which the next one may go
        self._paused_until = -math.inf
        self._by_clock = self._spaced  # whether the clock has a say
        self._timer: asyncio.TimerHandle | None = None
        self._line: Line[asyncio.Future[None]] = Line()
        self.bound: float = fixed if isinstance(fixed, int) else START
        """Slots there are."""
        self.in_flight: int = 0
        """Slots taken."""

    @property
    def queued(self) -> int:
        """Callers waiting for their turn."""
        return self._line.size

    def take(self) -> bool:
        """Take a slot if one is free and nothing has to be waited for; otherwise `acquire` has to be awaited."""
        if self.in_flight < self.bound and not self._by_clock:
            self.in_flight += 1
            return True
        return False

    async def acquire(self) -> None:
        """Wait for a slot, the rate, any pause, and the pace that others keep to as well.

        Raises:
            QueueFullError: `Limits.max_queued` single calls are waiting already.
            WalletError: What `Pace.wait` raised.
        """
        if self.take():
            return
        await self._stand_in_line()
        if self._pace is not None:
            try:
                await self._keep(self._pace)
            except BaseException:
                self.release()
                raise

    async def _keep(self, pace: Pace) -> None:
        """Wait for *pace*, and once more after a pause that was asked for meanwhile."""
        await pace.wait()
        while (delay := self._paused_until - asyncio.get_running_loop().time()) > 0:
            await asyncio.sleep(delay)
            await pace.wait()

    async def _stand_in_line(self) -> None:
        """Wait for a slot, the rate and any pause."""
        worker = BULK.get()
        turn = asyncio.get_running_loop().create_future()
        self._line.join(turn, worker)
        self._admit()
        if worker is None and not turn.done() and self._line.single > self._max_queued:
            self._line.leave(turn, worker)
            waiting = self._line.single
            raise QueueFullError(f"{waiting} calls are waiting already (Limits.max_queued); nothing was sent")
        try:
            await turn
            # Whoever gave the slot back may have been refused, and asked for a pause since.
            while (delay := self._paused_until - turn.get_loop().time()) > 0:  # noqa: ASYNC110 - time is awaited
                await asyncio.sleep(delay)
        except asyncio.CancelledError:
            if turn.cancelled():
                self._line.leave(turn, worker)
            else:
                self.release()  # the slot came in the same moment as the cancellation: pass it on
            raise

    def _admit(self) -> None:
        """Let through whose turn it is."""
        while self._line.size and self.in_flight < self.bound:
            if self._by_clock and not self._is_time():
                return
            turn = self._line.pop()
            if not turn.done():
                self.in_flight += 1
                turn.set_result(None)
                if self._spaced:
                    self._space()

    def _is_time(self) -> bool:
        """Say whether the next one may go; if not yet, go on when it may."""
        loop = asyncio.get_running_loop()
        if loop.time() >= self._next_at:
            self._by_clock = self._spaced  # a pause is over
            return True
        if self._timer is None:
            self._timer = loop.call_at(self._next_at, self._go_on)
        return False

    def _go_on(self) -> None:
        self._timer = None
        self._admit()

    def _space(self) -> None:
        """Say when the next one may go."""
        interval, lag = self._interval, _CATCH_UP
        if self._adaptive:
            interval, lag = max(interval, self._adaptive.interval), _LATE
        self._next_at = max(self._next_at, asyncio.get_running_loop().time() - lag) + interval

    def release(self) -> None:
        """Give a slot back; whose turn it is takes it."""
        self.in_flight -= 1
        if self._line.size:
            self._admit()

    def learn(self, begun: float, *, refused: bool) -> None:
        """Take how a request ended, if the bound is one that adapts.

        Args:
            begun: The loop's time when it left.
            refused: Whether the provider was overloaded (429, 503, time-out) rather than answered.
        """
        if self._adaptive is None:
            return
        now = asyncio.get_running_loop().time()
        if refused:
            self._adaptive.refused(begun, now)
        else:
            self._adaptive.answered(begun, now, full=self._line.size > 0)
        self.bound = self._adaptive.bound

    def pause(self, delay: float) -> bool:
        """Let nothing new leave for *delay* seconds, because the provider asked for it; say whether that is done.

        A bound that adapts answers the first refusal by halving itself, which frees the provider as surely and costs
        less; it pauses if requests are refused even so.
        """
        if self._adaptive is not None and not self._adaptive.persisting:
            return False
        self._paused_until = max(self._paused_until, asyncio.get_running_loop().time() + delay)
        self._next_at = max(self._next_at, self._paused_until)
        self._by_clock = True
        return True
