"""A history as a provider pages it, to which rows arrive between any two readings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta

from attrs import frozen

from wallet_async.engine.errors import DisconnectedError
from wallet_async.engine.pager import Pager
from wallet_async.engine.walk import Checkpoint, Walk

SIZE = 20
"""Rows a page, as both providers have."""

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
        """Give one page as it is now."""
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


def pager(
    history: History,
    resume: Checkpoint | str = "1",
    *,
    since: datetime | None = None,
    limit: int | None = None,
    kind: Callable[..., Walk[Row]] = Walk,
) -> Pager[Row]:
    """Make a pager over *history*, with a walk of another *kind* for a sabotaged twin."""
    walk = kind(
        Checkpoint.of(resume),
        first_page=FIRST,
        page_size=SIZE,
        key=lambda row: row.id,
        moment=lambda row: row.at,
        since=since,
    )
    return Pager(history.fetch, walk, limit)


def numbers(rows: Iterable[Row]) -> list[int]:
    """Give the rows' numbers."""
    return [row.number for row in rows]
