"""Which rows of the pages of a history are handed out, each once, and where it ends: decisions only, no I/O.

Pages are numbered and hold the newest rows first, so a row that arrives while pages are read pushes the others one
place down: the next page begins with rows that were read already. Read one after another, pages can therefore repeat
rows but never skip one (`Window` says what holds for pages read side by side). No page of the two providers states an
order, a total or a cursor.
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
class Paging(Generic[T]):
    """What a walk has to know of a provider's pages."""

    operation: str
    """The call that reads one, as errors and events name it."""
    size: int
    """Rows of a full page."""
    key: Callable[[T], str]
    """Gives the id of a row."""
    moment: Callable[[T], datetime]
    """Gives the moment at which a row was booked."""


@frozen
class More:
    """Rows were taken; read the next page."""


@frozen
class CheckHead:
    """A full page came twice: read the top page, to tell a moving history from one that has ended."""


@frozen
class End:
    """The history is read to its end."""


Step = More | CheckHead | End


class Walk(Generic[T]):
    """What one walk has seen: it is given pages in the order in which their rows are handed out.

    Times are counts of what happened (a request left, an answer came), as `Window` keeps them.
    """

    def __init__(self, paging: Paging[T], *, after: str | None, since: datetime | None) -> None:
        self.paging = paging
        self._since = since
        self._known: dict[str, int] = {}  # when the request left that brought the row last
        self._order: deque[str] = deque()
        self._top: str | None = None
        self.still_since: int = 0
        """The row at the top of the walk's first page has been the same in every reading since then."""
        self.seeking: str | None = after
        """The row to resume after, while it has not been met."""
        self.repeats: int = 0
        """Rows that came again, and were dropped."""

    def begin(self, rows: Sequence[T], left: int) -> tuple[tuple[T, ...], Step]:
        """Take the walk's first page, whose request left at *left*."""
        self._top = self.paging.key(rows[0]) if rows else None
        self.still_since = left
        return self.take(rows, left)

    def take(self, rows: Sequence[T], left: int) -> tuple[tuple[T, ...], Step]:
        """Take the next page, whose request left at *left*; give the rows to hand out, and what to do next."""
        key = self.paging.key
        repeated = all(min(self._known.get(key(row), -1), left) >= self.still_since for row in rows)
        new = self._unknown(rows, left)
        self.repeats += len(rows) - len(new)
        fresh = self._wanted(self._after_place(rows, new))
        if self.ends(rows):
            return fresh, End()
        return fresh, CheckHead() if repeated else More()

    def take_head(self, rows: Sequence[T], came: int) -> Step:
        """Take the walk's first page, read again: `End` says that nothing has moved."""
        top = self.paging.key(rows[0]) if rows else None
        if top == self._top:
            return End()  # if a page came twice although nothing arrived, the provider has no more
        self._top = top
        self.still_since = came
        return More()

    def ends(self, rows: Sequence[T]) -> bool:
        """Whether no later page holds a row that is wanted, as far as this page can tell."""
        return len(rows) < self.paging.size or self._ends_before(rows)

    def knows_any(self, rows: Sequence[T]) -> bool:
        """Whether one of *rows* was taken before."""
        return any(self.paging.key(row) in self._known for row in rows)

    @property
    def remembers_enough(self) -> bool:
        """Whether as many ids are kept as ever will be."""
        return len(self._order) >= _REMEMBERED * self.paging.size

    def _unknown(self, rows: Sequence[T], left: int) -> tuple[T, ...]:
        """Leave out the rows that were on an earlier page, and remember the others."""
        new = []
        for row in rows:
            row_id = self.paging.key(row)
            if row_id not in self._known:
                self._order.append(row_id)
                new.append(row)
            self._known[row_id] = left
        while len(self._order) > _REMEMBERED * self.paging.size:
            del self._known[self._order.popleft()]
        return tuple(new)

    def _after_place(self, rows: Sequence[T], new: tuple[T, ...]) -> tuple[T, ...]:
        """While resuming, leave out everything up to the row that was handed out last."""
        if self.seeking is None:
            return new
        for place, row in enumerate(rows):
            if self.paging.key(row) == self.seeking:
                self.seeking = None
                return tuple(rows[place + 1 :])
        return ()

    def _wanted(self, rows: tuple[T, ...]) -> tuple[T, ...]:
        if self._since is None:
            return rows
        moment, since = self.paging.moment, self._since
        return tuple(row for row in rows if moment(row) >= since)

    def _ends_before(self, rows: Sequence[T]) -> bool:
        """Whether everything on later pages is too old. No page states the order, so this page has to show it."""
        if self._since is None:
            return False
        moment = self.paging.moment
        return moment(rows[0]) > moment(rows[-1]) < self._since
