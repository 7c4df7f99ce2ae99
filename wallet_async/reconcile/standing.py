"""How far a reconciliation is, how quick, and how long it will still take. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

LATELY = 10.0
"""Seconds over which the requests a second are counted."""


@frozen(kw_only=True)
class Standing:
    """How far the reading is at one moment."""

    wallets: int
    """Wallets that are done, those of earlier sessions included."""
    total: int
    """Wallets to do."""
    rows: int
    """Rows read."""
    requests: int
    """Requests sent."""
    in_flight: int
    """Requests under way."""
    refused: int
    """Answers that asked for fewer requests (429)."""
    failed: int
    """Wallets that could not be read."""
    elapsed: float
    """Seconds since this session began."""


def rate(past: Sequence[Standing]) -> float:
    """Give the requests a second over the last `LATELY` seconds of *past*, which is in order of time."""
    if not past:
        return 0.0
    now = past[-1]
    then = next(standing for standing in past if now.elapsed - standing.elapsed <= LATELY)
    seconds = now.elapsed - then.elapsed
    return (now.requests - then.requests) / seconds if seconds else 0.0


def left(past: Sequence[Standing]) -> float | None:
    """Give the seconds to the end if it goes on as in *past*; None as long as no wallet has been done in it."""
    if not past:
        return None
    first, now = past[0], past[-1]
    done, seconds = now.wallets - first.wallets, now.elapsed - first.elapsed
    if now.wallets >= now.total:
        return 0.0
    return (now.total - now.wallets) * seconds / done if done > 0 and seconds > 0 else None
