"""Tells the user's `on_event` and the provider's logger what happens; the two never break a call."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from wallet_async.engine.events import (
    AttemptEvent,
    DeadLetterEvent,
    DoubledEvent,
    DriftEvent,
    Event,
    OnEvent,
    OutcomeUnknownEvent,
    PersonNeededEvent,
    RedeliveryEvent,
    RetryEvent,
    SettledEvent,
    ThrottledEvent,
    UnreadResultsEvent,
    UnrecordedEvent,
)

T = TypeVar("T")


class Reporter:
    """Passes events on for one session."""

    def __init__(self, service: str, on_event: OnEvent | None) -> None:
        self.service = service
        """The provider's name, which stands in every event and error."""
        self.listening: bool = on_event is not None
        """Whether anybody wants `AttemptEvent`, the only one that every call makes."""
        self._on_event = on_event
        self._log = logging.getLogger(f"{service}_async")

    def emit(self, event: Event) -> None:
        """Log *event* and hand it to the user."""
        level = _LEVELS[type(event)]
        if self._log.isEnabledFor(level):
            self._log.log(level, "%s", _sentence(event))
        if self._on_event is not None:
            self.tell(self._on_event, event, "on_event raised; the call goes on")

    def tell(self, listener: Callable[[T], object], value: T, complaint: str) -> None:
        """Call a *listener* of the user's; what it raises is logged with *complaint*, and changes nothing."""
        try:
            listener(value)
        except Exception:  # noqa: BLE001 - whatever a user's handler raises
            self._log.exception("%s", complaint)


_LEVELS = {
    AttemptEvent: logging.DEBUG,
    RetryEvent: logging.INFO,
    ThrottledEvent: logging.INFO,
    OutcomeUnknownEvent: logging.WARNING,
    DoubledEvent: logging.ERROR,
    UnreadResultsEvent: logging.WARNING,
    DriftEvent: logging.INFO,
    UnrecordedEvent: logging.WARNING,
    SettledEvent: logging.INFO,
    PersonNeededEvent: logging.ERROR,
    RedeliveryEvent: logging.INFO,
    DeadLetterEvent: logging.ERROR,
}


def _sentence(event: Event) -> str:
    match event:
        case AttemptEvent():
            end = event.error.message if event.error else f"status {event.status}"
            return f"{event.operation}: attempt {event.attempt} took {event.elapsed * 1000:.0f} ms: {end}"
        case RetryEvent():
            why = event.error.message
            return f"{event.operation}: attempt {event.attempt} failed ({why}); again in {event.delay:.2f} s"
        case ThrottledEvent():
            return f"{event.operation}: the provider asks to wait; the session pauses for {event.delay:.2f} s"
        case OutcomeUnknownEvent():
            return f"{event.operation}: outcome unknown, reference {event.reference!r}: {event.reason}"
        case UnreadResultsEvent():
            return f"left early: {event.done} results and {event.failed} failures were never read"
        case DriftEvent():
            return (
                f"{event.operation}: rows arrived while the history was read; {event.requests} pages were read again, "
                f"{event.recovered} rows found by that, {event.repeated} repeats dropped"
            )
        case RedeliveryEvent() | DeadLetterEvent():
            return _of_message(event)
        case _:
            return _of_reference(event)


def _of_message(event: RedeliveryEvent | DeadLetterEvent) -> str:
    what = "is given up" if isinstance(event, DeadLetterEvent) else f"comes again in {event.delay:.1f} s"
    return f"event {event.event_id!r} of {event.source!r} {what}, delivery {event.deliveries}: {event.error.message}"


def _of_reference(event: DoubledEvent | UnrecordedEvent | SettledEvent | PersonNeededEvent) -> str:
    match event:
        case DoubledEvent():
            rows = ", ".join(event.transaction_ids)
            what = f"was booked {len(event.transaction_ids)} times: {rows}"
        case UnrecordedEvent():
            what = f"is {event.state}, and the journal has no record of it: {event.error.message}"
        case SettledEvent():
            what = f"was in doubt and is {event.state}: {event.reason}"
        case PersonNeededEvent():
            what = f"needs a person: {event.reason}"
    return f"reference {event.reference!r} {what}"
