"""A history as a provider pages it, to which rows arrive between any two readings."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import frozen

from wallet_async.engine.ahead import Surroundings
from wallet_async.engine.errors import DisconnectedError
from wallet_async.engine.events import OnEvent
from wallet_async.engine.pager import Pager
from wallet_async.engine.report import Reporter
from wallet_async.engine.walk import Checkpoint, Paging, Walk
from wallet_async.engine.window import Window

SIZE = 20
"""Rows a page, as both providers have."""

TRIP = 0.05
"""Seconds from a request of a `slow` history to its answer."""

FIRST = 1
BEGINNING = datetime(2024, 1, 1, tzinfo=UTC)


@frozen
class Row:
    """One row: the nth of its history."""

    number: int

    @property
    def id(self) -> str:
        return f"t{self.number}"

    @property
    def at(self) -> datetime:
        return BEGINNING + timedelta(hours=self.number)


class History:
    """Rows by number, read newest first (or oldest first), a page at a time."""

    def __init__(self, rows: int, *, newest_first: bool = True, repeats_last: bool = False) -> None:
        self.count = rows
        self.newest_first = newest_first
        self.repeats_last = repeats_last
        self.reads: list[int] = []
        """Numbers of the pages that were asked for."""
        self.before_read: Callable[[int], None] = lambda page: None
        """Called before each page is read: lets rows arrive, or raises."""
        self.failures = 0
        """How many of the next readings fail."""
        self.delay: Callable[[], float] | None = None
        """Gives the seconds from a request to the moment its page is of, and again from there to the answer."""
        self.asked = 0
        """Requests, whether or not they are answered by now."""
        self.under_way = 0
        """Readings that have begun and not ended."""
        self.busiest = 0
        """The most of them at once."""

    def rows(self) -> list[Row]:
        """Give all rows in the provider's order."""
        rows = [Row(number) for number in range(self.count)]
        return rows[::-1] if self.newest_first else rows

    def arrivals(self, counts: Iterable[int]) -> None:
        """Let the next of *counts* rows arrive before each reading."""
        left = iter(counts)

        def arrive(_: int) -> None:
            self.count += next(left, 0)

        self.before_read = arrive

    async def fetch(self, page: int) -> Sequence[Row]:
        """Give one page, as it is now or at a moment between request and answer."""
        self.asked += 1
        if self.delay is None:
            return self._cut(page)
        self.under_way += 1
        self.busiest = max(self.busiest, self.under_way)
        try:
            await asyncio.sleep(self.delay())
            rows = self._cut(page)
            await asyncio.sleep(self.delay())
            return rows
        finally:
            self.under_way -= 1

    def _cut(self, page: int) -> Sequence[Row]:
        self.before_read(page)
        self.reads.append(page)
        if self.failures:
            self.failures -= 1
            raise DisconnectedError("the connection broke")
        if self.repeats_last:
            page = min(page, max(-(-self.count // SIZE), 1))
        # Cut by number, so that a history of a million rows needs no list of them.
        start = (page - FIRST) * SIZE
        numbers = range(start, min(start + SIZE, self.count))
        return [Row(self.count - 1 - number if self.newest_first else number) for number in numbers]


def slow(rows: int) -> History:
    """Make a history that answers after `TRIP`."""
    history = History(rows)
    history.delay = lambda: TRIP / 2
    return history


PAGING: Paging[Row] = Paging("transactions", SIZE, key=lambda row: row.id, moment=lambda row: row.at)


def surroundings(on_event: OnEvent | None = None, throttled: Callable[[], int] = lambda: 0) -> Surroundings:
    """Make what a session gives a pager."""
    return Surroundings(Reporter("rehook", on_event), lambda ahead: None, throttled)


def pager(
    history: History,
    resume: Checkpoint | str = "1",
    *,
    kind: Callable[..., Walk[Row]] = Walk,
    window: Callable[..., Window[Row]] = Window,
    lookahead: int = 1,
    around: Callable[[], Surroundings] = surroundings,
    **options: Any,
) -> Pager[Row]:
    """Make a pager over *history*, with a walk or window of another *kind* for a sabotaged twin."""
    twin = type("Twin", (Pager,), {"_walk_type": kind, "_window_type": window})
    made: Pager[Row] = twin(history.fetch, PAGING, Checkpoint.of(resume), around, lookahead=lookahead, **options)
    return made


def numbers(rows: Iterable[Row]) -> list[int]:
    """Give the rows' numbers."""
    return [row.number for row in rows]
