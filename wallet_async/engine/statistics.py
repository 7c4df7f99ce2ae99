"""What a session tells about itself."""

from __future__ import annotations

from attrs import define, frozen


@define
class Counts:
    """Totals of one session, kept by the sender."""

    calls: int = 0
    attempts: int = 0
    retries: int = 0
    throttled: int = 0
    unknown: int = 0


@frozen(kw_only=True)
class Statistics:
    """What a session is doing and has done."""

    transport: str
    """What sends the requests; empty before the first call."""
    max_in_flight: float
    """Requests that may be under way now: `Limits.max_in_flight`, or with ``"auto"`` what was found out so far (2.5
    means two or three; below 1, one with pauses between)."""
    in_flight: int
    """Requests under way."""
    queued: int
    """Calls waiting for their turn, those of bulk runs included."""
    connections: int
    """Open connections, idle ones included."""
    calls: int
    """Calls made."""
    attempts: int
    """Requests sent for them."""
    retries: int
    """Calls sent again."""
    throttled: int
    """Answers that asked for fewer requests (429)."""
    unknown: int
    """Credits and debits whose outcome stayed open."""
    settled: int = 0
    """Credits and debits whose outcome the journal has told from the provider's history since."""
    in_doubt: int = 0
    """Credits and debits of this provider that the journal had in doubt when it last looked, in whichever process."""
    need_person: int = 0
    """Those of them that only a person can decide."""
