"""`Consumer`: between a broker that delivers at least once and a session that books once."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, Self

from attrs import evolve

from wallet_async.consume.lanes import Lanes
from wallet_async.consume.outcomes import Ack, DeadLetter, Outcome, Redelivery, Retry, decide
from wallet_async.engine import checks
from wallet_async.engine.errors import InvalidInputError, SessionClosedError, WalletError
from wallet_async.engine.events import DeadLetterEvent, Event, RedeliveryEvent
from wallet_async.engine.session import WalletSession
from wallet_async.journal import PrunedError

_LONGEST_SOURCE, _LONGEST_EVENT_ID = 111, 400
"""Characters: both and a slash make a reference, and that has 512."""


class Consumer:
    """Makes the credits and debits that events ask for, each once, however often its event is delivered.

    It knows no broker: whoever reads one calls `handle` for each message and does with it what the outcome says.
    Movements of one wallet are made in the order in which they were handed over, those of others beside them.

    Args:
        session: One with ``journal=``; it is not closed with the consumer.
        source: Name of what numbers the events, such as the stream's: no two that may give the same id share one.
        redelivery: When and how often a message comes again; None for the defaults of `Redelivery`.

    Raises:
        InvalidInputError: The session has no journal, or an argument does not fit.

    Example:
        ```python
        async with Consumer(rehook, source="orders") as consumer:
            outcome = await consumer.handle(event_id, movement, deliveries=1)
        ```
    """

    def __init__(self, session: WalletSession, *, source: str, redelivery: Redelivery | None = None) -> None:
        if not isinstance(session, WalletSession):
            raise checks.reject("session", session, "a session with a journal")
        if redelivery is not None and not isinstance(redelivery, Redelivery):
            raise checks.reject("redelivery", redelivery, "a Redelivery")
        if "/" in checks.plain("source", source, longest=_LONGEST_SOURCE):
            raise checks.reject("source", source, "text without a slash")  # the first one in a reference ends it
        self._booking = session.booking()
        if self._booking.once is None:
            raise InvalidInputError("a consumer needs a session with a journal: make it with journal=")
        self._once = self._booking.once
        self._source = source
        self._policy = redelivery or Redelivery()
        self._lanes = Lanes()
        self._under_way = 0
        self._ended = asyncio.Event()
        self._closed = False

    async def once(self, event_id: str, movement: Any) -> Any:
        """Make the movement of one event, once, and give its receipt.

        Args:
            event_id: Names the event for ever: the business's own id where it has one, else what the broker numbers it
                with. The same one never stands for another movement.
            movement: The provider's `Movement`. Without a reference it gets ``<source>/<event_id>``.

        Raises:
            InvalidInputError: An argument does not fit; nothing was sent.
            ReferenceConflictError: The event, or the reference, stands for another movement; nothing was sent.
            JournalError: The journal cannot be read or written; nothing was sent.
            SessionClosedError: The consumer, or the session, is closed; nothing was sent.
            PrunedError: It was booked, and neither the journal nor the history has its receipt.
            OutcomeUnknownError: It may or may not have been booked; the journal goes on looking.
            WalletError: It was not booked.
        """
        checks.plain("event_id", event_id, longest=_LONGEST_EVENT_ID)
        if not isinstance(movement, self._booking.movement):
            raise checks.reject("movement", movement, f"a {self._booking.movement.__name__} of the session's provider")
        if movement.reference is None:
            movement = evolve(movement, reference=f"{self._source}/{event_id}")
        self._under_way += 1
        try:
            async with self._lanes.turn(movement.wallet):
                if self._closed:
                    raise SessionClosedError("the consumer is closed")
                return await self._book(event_id, movement)
        finally:
            self._under_way -= 1
            self._ended.set()

    async def _book(self, event_id: str, movement: Any) -> Any:
        clock = asyncio.get_running_loop().time
        ends = clock() + self._booking.total
        await self._once.receive(self._source, event_id, movement, self._booking.total)
        return await self._once.run(movement, max(ends - clock(), 0.001))

    async def handle(self, event_id: str, movement: Any, *, deliveries: int) -> Outcome:
        """Make the movement of one message, and say what is to become of the message.

        Args:
            event_id: As in `once`.
            movement: As in `once`.
            deliveries: How often the broker has delivered it, this time included: 1 at first.

        Returns:
            `Ack`, `Retry` or `DeadLetter`. No `WalletError` comes out; a cancellation does, and the message then is
            neither acknowledged nor given up.
        """
        try:
            return Ack(await self.once(event_id, movement))
        except PrunedError:
            return Ack(None)
        except WalletError as error:
            outcome = decide(error, deliveries, self._policy)
        self._report(event_id, deliveries, outcome)
        return outcome

    def _report(self, event_id: str, deliveries: int, outcome: Retry | DeadLetter) -> None:
        reporter, source, error = self._booking.reporter, self._source, outcome.error
        event: Event
        if isinstance(outcome, Retry):
            event = RedeliveryEvent(
                service=reporter.service,
                source=source,
                event_id=event_id,
                deliveries=deliveries,
                delay=outcome.delay,
                error=error,
            )
        else:
            event = DeadLetterEvent(
                service=reporter.service, source=source, event_id=event_id, deliveries=deliveries, error=error
            )
        reporter.emit(event)

    async def aclose(self) -> None:
        """Take no more, and wait for what has begun; what still waits for its wallet's turn is given back."""
        self._closed = True
        while self._under_way:
            self._ended.clear()
            await self._ended.wait()

    async def __aenter__(self) -> Self:
        """Give the consumer."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        await self.aclose()
