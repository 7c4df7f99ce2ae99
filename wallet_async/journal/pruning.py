"""What is left of an entry that is old: its reference for ever, but not what it was about. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from attrs import evolve, frozen

from wallet_async.engine.checks import reject
from wallet_async.journal.entry import Entry, State

LEAST_AGE = timedelta(days=30)
"""What is younger may still be watched (`Audit.watch`), asked for again by a redelivered event, or disputed."""
BOOKED: tuple[State, ...] = ("applied",)
NOT_BOOKED: tuple[State, ...] = ("refused", "not_applied")
"""What may be pruned; anything else is still to be settled."""


@frozen(kw_only=True)
class Pruned:
    """What was taken away, in entries."""

    emptied: int
    """Those that are booked: movement and receipt are gone, the reference stays."""
    removed: int
    """Those of which nothing was booked: they are gone, with the events that asked for them."""


def remainder(entry: Entry) -> Entry | None:
    """Give what is left of *entry*, or None if nothing is.

    What was booked keeps its reference, so that it is not booked again.
    """
    return evolve(entry, movement="", receipt=None, reason=None) if entry.state in BOOKED else None


def limit(before: datetime, now: datetime) -> int:
    """Give *before* in microseconds since 1970.

    Raises:
        InvalidInputError: It is no time with a zone, or too late.
    """
    if not isinstance(before, datetime) or before.tzinfo is None:
        raise reject("before", before, "a datetime with a time zone")
    if before > now - LEAST_AGE:
        expected = f"at least {LEAST_AGE.days} days ago: what is younger may still be watched or asked for again"
        raise reject("before", before.isoformat(), expected)
    return int(before.timestamp() * 1e6)
