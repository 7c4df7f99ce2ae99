"""When a request may leave: cells, evenly spaced, one for each request (GCRA without a burst). No I/O.

A store keeps one moment for each rate: when the next cell is free. Who asks gets that moment, or now if it is past, and
moves it on by `spacing`, all by the store's clock and in one step; so no two cells are nearer to each other than that.
The answer tells how far the cell was ahead when the store worked it out, which was between asking and hearing.

A request leaves in its cell: not before *heard* + *ahead*, which is never too early, and not after *asked* + *ahead* +
`LATE`, which is never later than `LATE`, however long the answer took and whatever stood still since. Of requests that
all leave at most `LATE` behind cells that lie `spacing` apart, n + 1 take at least n * `spacing` - `LATE` seconds: with
n the requests that a second is allowed, one second.
"""

from __future__ import annotations

import math

from attrs import frozen

from wallet_async.engine.checks import reject

LATE = 0.02
"""Seconds a request may leave behind its cell; one that is later has missed it, and takes another. An event loop is
often late by some milliseconds, a store in the same network answers in one or two."""

_SLOWEST, _FASTEST = 0.001, 100_000


def spacing(per_second: object) -> int:
    """Give the microseconds between two cells, so that in no second more than *per_second* requests leave.

    What leaves in a second at most is what was asked for, and so what leaves on average is less by a share of `LATE`.

    Raises:
        InvalidInputError: *per_second* is no number from 0.001 to 100,000.
    """
    number = per_second if isinstance(per_second, int | float) and not isinstance(per_second, bool) else 0
    if not _SLOWEST <= number <= _FASTEST:
        raise reject("per_second", per_second, f"a number from {_SLOWEST} to {_FASTEST:,}")
    return math.ceil((1 + LATE) / number * 1_000_000)


@frozen
class Cell:
    """The cell of one request; times are in seconds of one monotonic clock of the process that asked."""

    asked: float
    """When the store was asked."""
    heard: float
    """When its answer was here."""
    ahead: float
    """Seconds from the store's answering to the cell."""

    @property
    def opens(self) -> float:
        """From when on the request may leave."""
        return self.heard + self.ahead

    @property
    def closes(self) -> float:
        """Until when it may. That is before it `opens` if the store took longer than `LATE`."""
        return self.asked + self.ahead + LATE
