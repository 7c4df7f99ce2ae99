"""How a history is walked page by page without losing or repeating a row: decisions only, no I/O.

Pages are numbered and hold the newest rows first, so a row that arrives while pages are read pushes the others one
place down: the next page begins with rows that were read already. Read one after another, pages can therefore repeat
rows but never skip one. No page of the two providers states an order, a total or a cursor.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Generic, TypeVar

from attrs import frozen

from wallet_async.engine.checks import reject

T = TypeVar("T")

_REMEMBERED = 64
"""Pages whose ids are kept to tell repeats: rows that arrive between two reads would have to fill more than these."""


@frozen
class Checkpoint:
    """Where a walk stands; portable as text, in another process or on another day.

    `str(checkpoint)` writes it and `Checkpoint.parse` reads it. A walk that is resumed loses no row, whatever has
    arrived since. It may repeat rows if a page's worth or more of them arrives between two of its own requests.
    """

    page: int
    """The page on which row `after` stood; rows only ever move to later pages, so it is there or further on."""
    after: str | None = None
    """The id of the last row that was handed out, or None at the beginning."""

    def __str__(self) -> str:
        return f"{self.page}" if self.after is None else f"{self.page}:{self.after}"

    @classmethod
    def of(cls, value: object) -> Checkpoint:
        """Take a checkpoint or its text.

        Raises:
            InvalidInputError: It is neither.
        """
        return value if isinstance(value, Checkpoint) else cls.parse(str(value))

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read what `str` wrote.

        Raises:
            InvalidInputError: It is no checkpoint.
        """
        page, colon, after = text.partition(":")
        if not (page.isascii() and page.isdigit()) or (colon and not after):
            raise reject("checkpoint", text, "the text of a Checkpoint, such as '3:trhi_7fgE…'")
        return cls(int(page), after or None)


@frozen
class Page(Generic[T]):
    """One page of a history, repeats left out."""

    number: int
    """The provider's number of the page."""
    items: tuple[T, ...]
    """The rows not seen before, in the provider's order; may be empty."""


@frozen
class More:
    """Rows were taken; read the next page."""


@frozen
class CheckHead:
    """A full page came twice: read the first page, to tell a moving history from one that has ended."""


@frozen
class End:
    """The history is read to its end."""


Step = More | CheckHead | End


class Walk(Generic[T]):
    """The state of one walk: which page is next, and which rows were handed out."""

    def __init__(
        self,
        start: Checkpoint,
        *,
        first_page: int,
        page_size: int,
        key: Callable[[T], str],
        moment: Callable[[T], datetime],
        since: datetime | None,
    ) -> None:
        self.first_page = first_page
        self._page_size = page_size
        self.key = key
        self._moment = moment
        self._since = since
        self._known: dict[str, int] = {}
        self._order: deque[str] = deque()
        self._head: str | None = None
        self._spell = 0  # counts the readings of the head that found it changed
        self.seeking = start.after
        """The row to resume after, while it has not been met."""
        self.page: int = start.page
        """The page to read next."""

    def take(self, rows: Sequence[T]) -> tuple[tuple[T, ...], Step]:
        """Take the rows of page `page`; give those to hand out, and what to do next."""
        if self.page == self.first_page and rows:
            self._head = self.key(rows[0])
        self.page += 1
        if not self._known and len(rows) < self._page_size and self.seeking is None and self._since is None:
            # Most wallets have one page: nothing before it to repeat, and nothing after it to remember it for.
            return tuple({self.key(row): row for row in rows}.values()), End()
        repeated = all(self._known.get(self.key(row)) == self._spell for row in rows)
        new = self._unknown(rows)
        fresh = self._wanted(self._after_place(rows, new))
        if len(rows) < self._page_size or self._ends_before(rows):
            return fresh, End()
        return fresh, CheckHead() if repeated else More()

    def take_head(self, rows: Sequence[T]) -> Step:
        """Take the first page, read again after `CheckHead`."""
        head = self.key(rows[0]) if rows else None
        if head == self._head:
            return End()  # nothing had arrived, and yet a page came twice: the provider has no more
        self._head = head
        self._spell += 1
        return More()

    def _unknown(self, rows: Sequence[T]) -> tuple[T, ...]:
        """Leave out the rows that were on an earlier page, and remember the others."""
        new = []
        for row in rows:
            row_id = self.key(row)
            if row_id not in self._known:
                self._order.append(row_id)
                new.append(row)
            self._known[row_id] = self._spell
        while len(self._order) > _REMEMBERED * self._page_size:
            del self._known[self._order.popleft()]
        return tuple(new)

    def _after_place(self, rows: Sequence[T], new: tuple[T, ...]) -> tuple[T, ...]:
        """While resuming, leave out everything up to the row that was handed out last."""
        if self.seeking is None:
            return new
        for place, row in enumerate(rows):
            if self.key(row) == self.seeking:
                self.seeking = None
                return tuple(rows[place + 1 :])
        return ()

    def _wanted(self, rows: tuple[T, ...]) -> tuple[T, ...]:
        if self._since is None:
            return rows
        return tuple(row for row in rows if self._moment(row) >= self._since)

    def _ends_before(self, rows: Sequence[T]) -> bool:
        """Whether everything on later pages is too old. No page states the order, so this page has to show it."""
        if self._since is None:
            return False
        return self._moment(rows[0]) > self._moment(rows[-1]) < self._since
