"""One call, done right: deadline, token, slot, attempt, slot back, decide, sleep - in this order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from wallet_async.engine import checks
from wallet_async.engine.auth import Credentials
from wallet_async.engine.calls import Call, MovementLike, Reply
from wallet_async.engine.errors import (
    AuthenticationError,
    DuplicateError,
    OutcomeUnknownError,
    RateLimitError,
    RequestTimeoutError,
    TransportError,
    WalletError,
)
from wallet_async.engine.events import AttemptEvent, OutcomeUnknownEvent, RetryEvent, ThrottledEvent
from wallet_async.engine.limits import Gate, Timeouts
from wallet_async.engine.redact import scrub
from wallet_async.engine.report import Reporter
from wallet_async.engine.retry import GiveUp, Retry, RetryBudget, RetryPolicy, decide
from wallet_async.engine.statistics import Counts
from wallet_async.engine.transport import Evidence, Transport
from wallet_async.engine.trip import Announcement, Trip

T = TypeVar("T")

_SENT = "waiting for the answer"
_OVERLOADED = frozenset({429, 503})
"""Statuses that tell of too many requests, to a bound that adapts."""


class Sender:
    """Sends calls for one session and keeps its promises about time, repetition and outcome."""

    def __init__(
        self,
        *,
        transport: Transport,
        gate: Gate,
        credentials: Credentials,
        retry: RetryPolicy,
        timeouts: Timeouts,
        reporter: Reporter,
    ) -> None:
        self._transport = transport
        self._gate = gate
        self._credentials = credentials
        self._policy = retry
        self._timeouts = timeouts
        self._reporter = reporter
        self._budget = RetryBudget(retry.budget)
        self._now = asyncio.get_running_loop().time  # a sender belongs to one loop
        self.counts: Counts = Counts()

    async def send(
        self,
        call: Call,
        read: Callable[[Reply], T],
        *,
        timeout: float | None = None,
        movement: MovementLike | None = None,
        announcement: Announcement | None = None,
    ) -> T:
        """Send *call* until it ends, and read its answer.

        Args:
            call: What to send.
            read: Turns the answer into a value or raises a `WalletError`; pure.
            timeout: Seconds for everything, or None for `Timeouts.total`.
            movement: The credit or debit behind the call, if it is one.
            announcement: What to write down before the first byte leaves.

        Raises:
            WalletError: The call failed for certain.
            OutcomeUnknownError: It must not run twice, and may have run.
        """
        total = self._timeouts.total if timeout is None else checks.seconds("timeout", timeout)
        begun = self._now()
        trip = Trip(call, movement, begun, begun + total, announcement, begun)
        self.counts.calls += 1
        self._budget.deposit()
        while True:
            try:
                value = read(await self._attempt(trip))
            except WalletError as error:
                fault = error
            except Exception as error:
                if not trip.in_doubt:
                    raise
                fault = TransportError(f"unexpected {_where(error)}, after the request had left")
            except BaseException:
                if trip.in_doubt:
                    if announcement is not None:
                        announcement.in_doubt = True
                    self._doubt(trip, "it was cancelled after it had left")
                raise
            else:
                if self._reporter.listening:
                    self._report_attempt(trip, None)
                return value
            # Outside the `except`: the slot is free by now, and no error keeps another alive as its context.
            await asyncio.sleep(self._next(trip, fault))
            trip.attempt_begun = self._now()

    async def _attempt(self, trip: Trip) -> Reply:
        """Make one attempt within the call's deadline (a read within its own, shorter bound)."""
        call = trip.call
        trip.evidence = Evidence()
        trip.attempts += 1
        trip.status = None
        try:
            credentials = self._credentials.current()
            if credentials is None or not self._gate.take():
                credentials = await self._turn(trip, credentials)
            trip.credentials = credentials
            trip.phase = _SENT
            # A read's own bound counts from its turn.
            deadline = trip.deadline
            if call.repeatable:
                deadline = min(deadline, trip.attempt_begun + self._timeouts.attempt)
            try:
                if trip.announcement is not None and not trip.announcement.begun:
                    await self._announce(trip, trip.announcement)
                self.counts.attempts += 1
                reply = await self._transport.attempt(call, credentials, trip.evidence, deadline)
                if self._gate.adapts:
                    self._gate.learn(trip.attempt_begun, refused=reply.status in _OVERLOADED)
            finally:
                self._gate.release()
        except TimeoutError as error:
            if isinstance(error, WalletError):
                raise
            # A shorter time-out is the caller's own, and says nothing of the provider.
            if self._now() - trip.attempt_begun >= self._timeouts.attempt and trip.phase == _SENT:
                self._gate.learn(trip.attempt_begun, refused=True)
        else:
            trip.status = reply.status
            return reply
        raise RequestTimeoutError(f"the time was up while {trip.phase}", not_applied=not trip.in_doubt)

    async def _announce(self, trip: Trip, announcement: Announcement) -> None:
        """Write down that the call is about to leave."""
        trip.phase = "writing it down"
        announcement.begun = True
        async with asyncio.timeout_at(trip.deadline):
            await announcement.make()
        trip.phase = _SENT
        trip.attempt_begun = self._now()  # what the journal takes is no latency of the provider's

    async def _turn(self, trip: Trip, credentials: Mapping[str, str] | None) -> Mapping[str, str]:
        """Wait for a token if there is none, and for a slot."""
        async with asyncio.timeout_at(trip.deadline):
            if credentials is None:
                credentials = await self._refresh(trip)
            trip.phase = "waiting for its turn"
            await self._gate.acquire()
        trip.attempt_begun = self._now()
        return credentials

    async def _refresh(self, trip: Trip) -> Mapping[str, str]:
        """Get a token. The call itself has not left, so whatever goes wrong here leaves nothing open."""
        trip.phase = "waiting for a token"
        try:
            return await self._credentials.refresh(self._fetch)
        except WalletError as error:
            error.not_applied = True
            trip.refreshable = False
            raise

    async def _fetch(self, call: Call) -> Reply:
        await self._gate.acquire()
        try:
            deadline = self._now() + self._timeouts.attempt
            return await self._transport.attempt(call, {}, Evidence(), deadline)
        finally:
            self._gate.release()

    def _next(self, trip: Trip, fault: WalletError) -> float:
        """Give the seconds until the next attempt, or raise what the call ends with."""
        now = self._now()
        self._complete(fault, trip, now)
        if self._reporter.listening:
            self._report_attempt(trip, fault)
        if isinstance(fault, RateLimitError):
            self._throttle(trip, fault)
        step = decide(
            fault,
            repeatable=trip.call.repeatable,
            refreshable=self._may_refresh(trip, fault),
            attempt=trip.attempts,
            remaining=trip.deadline - now,
            jitter=self._policy.jitter(),
            policy=self._policy,
        )
        if isinstance(step, Retry) and step.budgeted and not self._budget.spend():
            step = GiveUp("too many calls are being repeated already (RetryPolicy.budget)")
        if isinstance(step, GiveUp):
            raise self._final(trip, fault, now)
        self.counts.retries += 1
        delay = step.delay if isinstance(step, Retry) else 0.0
        self._reporter.emit(
            RetryEvent(
                service=self._reporter.service,
                operation=trip.call.operation,
                attempt=trip.attempts,
                delay=delay,
                error=fault,
            )
        )
        return delay

    def _throttle(self, trip: Trip, fault: RateLimitError) -> None:
        """Let the whole session wait as the provider asks, whether this call is repeated or not (see `Gate.pause`)."""
        self.counts.throttled += 1
        delay = fault.retry_after
        if delay is not None and delay <= self._policy.retry_after_max and self._gate.pause(delay):
            self._reporter.emit(
                ThrottledEvent(service=self._reporter.service, operation=trip.call.operation, delay=delay)
            )

    def _may_refresh(self, trip: Trip, fault: WalletError) -> bool:
        if not (trip.refreshable and trip.credentials and isinstance(fault, AuthenticationError)):
            return False
        trip.refreshable = False
        return self._credentials.reject(trip.credentials)

    def _final(self, trip: Trip, fault: WalletError, now: float) -> WalletError:
        """Make the error that the caller gets of the last attempt's fault."""
        if trip.call.repeatable or fault.not_applied or isinstance(fault, DuplicateError):
            return fault
        trip.evidence.distrust()
        self._doubt(trip, fault.message)
        error = OutcomeUnknownError(
            f"it may or may not have been booked: {fault.message}",
            reason=fault,
            movement=trip.movement,
            sent_at=datetime.now(UTC) - timedelta(seconds=now - trip.begun),
        )
        error.request_id = fault.request_id
        self._complete(error, trip, now)
        return error

    def _complete(self, error: WalletError, trip: Trip, now: float) -> None:
        error.service = self._reporter.service
        error.operation = trip.call.operation
        error.attempts = trip.attempts
        error.elapsed = now - trip.begun
        error.reference = trip.reference
        scrub(error, self._credentials.secrets)

    def _doubt(self, trip: Trip, reason: str) -> None:
        self.counts.unknown += 1
        self._reporter.emit(
            OutcomeUnknownEvent(
                service=self._reporter.service,
                operation=trip.call.operation,
                movement=trip.movement,
                reference=trip.reference,
                reason=reason,
            )
        )

    def _report_attempt(self, trip: Trip, fault: WalletError | None) -> None:
        self._reporter.emit(
            AttemptEvent(
                service=self._reporter.service,
                operation=trip.call.operation,
                attempt=trip.attempts,
                elapsed=self._now() - trip.attempt_begun,
                status=trip.status,
                error=fault,
            )
        )


def _where(error: Exception) -> str:
    """Name an error that should not have come, and its line; its text and its frames may hold a credential."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
    return type(error).__name__ + place
