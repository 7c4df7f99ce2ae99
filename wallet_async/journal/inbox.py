"""Events that ask for a movement: each stands for one, and that is written in one transaction with its entry."""

from __future__ import annotations

from attrs import frozen

from wallet_async.journal.entry import Entry


@frozen(kw_only=True)
class Received:
    """One event, the first time it came. Times are microseconds since 1970, UTC."""

    service: str
    """The provider whose wallets it moves points in."""
    source: str
    """What numbers the events, such as a stream."""
    event_id: str
    """The event's name; unique within one source and service."""
    reference: str
    """Of the movement that it asks for."""
    fingerprint: str
    """Of that movement."""
    created_at: int


def received(source: str, event_id: str, entry: Entry) -> Received:
    """Make the record of an event that asks for the movement of *entry*."""
    return Received(
        service=entry.service,
        source=source,
        event_id=event_id,
        reference=entry.reference,
        fingerprint=entry.fingerprint,
        created_at=entry.created_at,
    )


def same_movement(one: Received, other: Received) -> bool:
    """Whether both ask for one movement."""
    return (one.reference, one.fingerprint) == (other.reference, other.fingerprint)
