"""`Pager`: an async iterator over a history, one page of 20 at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from operator import length_hint
from typing import Generic, NoReturn, TypeVar

from wallet_async.engine import checks
from wallet_async.engine.ahead import Ahead, Surroundings
from wallet_async.engine.errors import InvalidInputError, SessionClosedError
from wallet_async.engine.walk import Checkpoint, Page, Paging, Walk
from wallet_async.engine.window import Window

T = TypeVar("T")

LOOKAHEAD = 4
"""Pages read ahead where the caller does not say: no page of the providers tells how many requests they stand."""

_HINT = "a history is read with `async for row in …`, `async for page in ….pages()` or `await ….collect()`"


class Pager(Generic[T]):
    """Reads a history; nothing is sent until it is iterated.

    Each row that was there when the iteration began comes once, in the provider's order, whatever arrives meanwhile. It
    keeps its place: after `break`, or after an error, another ``async for`` over the same pager goes on with the next
    row.

    With *lookahead* pages are read side by side: the first on its own, so that a short history costs one request, and
    after a full one up to *lookahead* pages beyond the next. That costs requests: what lies past the end is read in
    vain, and about once a window the walk's first page is read again, to see whether rows have arrived (no longer once
    64 pages were read). Where rows have arrived, pages are read again, and `DriftEvent` tells. A reader that takes its
    time stops the reading ahead; it, a page that fails and a provider that asks for fewer requests make the window
    smaller. With a lookahead of 1 one page is read after another, and nothing that is not needed.

    After `break` or the end, requests under way end by themselves; `aclose`, and closing the session, cancels them.

    Example:
        ```python
        async for transaction in rehook.transactions("krishna123", "waty_Xbg"):
            print(transaction.created_at, transaction.points)
        ```
    """

    _walk_type: type[Walk[T]] = Walk
    _window_type: type[Window[T]] = Window

    # Set here and not for each pager: most histories are read before any of it changes.
    _items: Sequence[T] = ()
    _rest: Iterator[T] = iter(())  # over `_items`; what it has given was handed out
    _reading: bool = False
    _walk: Walk[T] | None = None  # made when there is more than one page
    _ahead: Ahead[T] | None = None

    def __init__(
        self,
        fetch: Callable[[int], Awaitable[Sequence[T]]],
        paging: Paging[T],
        start: Checkpoint,
        surroundings: Callable[[], Surroundings],
        since: datetime | None = None,
        limit: int | None = None,
        lookahead: int = LOOKAHEAD,
    ) -> None:
        self._fetch = fetch
        self._paging = paging
        self._surroundings = surroundings
        self._since = since
        self._left = limit if limit is None else checks.count("limit", limit, least=0)
        self._lookahead = checks.count("lookahead", lookahead)
        self._place = start
        self._number = start.page
        self._ended = limit == 0

    @property
    def checkpoint(self) -> Checkpoint:
        """Where the walk stands, counting every row handed out so far; give it as ``resume=`` to go on from there."""
        given = len(self._items) - length_hint(self._rest)
        return Checkpoint(self._number, self._paging.key(self._items[given - 1])) if given else self._place

    async def __aiter__(self) -> AsyncIterator[T]:
        """Iterate over the rows.

        Raises:
            WalletError: A page could not be read; iterating again goes on where it stopped.
        """
        try:
            while True:
                for row in self._rest:
                    yield row
                if not await self._advance(None):
                    return
        finally:
            self._pause()

    async def pages(self) -> AsyncIterator[Page[T]]:
        """Iterate over the pages: the same rows, a page's worth at a time.

        Raises:
            WalletError: A page could not be read; iterating again goes on where it stopped.
        """
        try:
            while True:
                rest = tuple(self._rest)
                if rest:
                    yield Page(self._number, rest)
                if not await self._advance(None):
                    return
        finally:
            self._pause()

    async def collect(self, *, limit: int | None = None) -> list[T]:
        """Read the rest of the history, or its next *limit* rows, into a list.

        Raises:
            WalletError: A page could not be read.
        """
        if limit is not None:
            checks.count("limit", limit, least=0)
        place, number = self.checkpoint if self._items else self._place, self._number
        rows = list(islice(self._rest, limit)) if self._items else []
        try:
            while len(rows) != limit and not self._ended:
                if await self._advance(None if limit is None else limit - len(rows)):
                    rows += self._rest if limit is None else islice(self._rest, limit - len(rows))
        except BaseException:
            # Nothing was handed out: whoever reads on gets these rows first.
            self._place, self._number, self._items, self._rest = place, number, rows, iter(rows)
            self._pause()
            raise
        return rows

    def __iter__(self) -> NoReturn:
        """Refuse ``for``."""
        raise TypeError(_HINT)

    def __enter__(self) -> NoReturn:
        """Refuse ``with``."""
        raise TypeError(_HINT)

    def __exit__(self, *_: object) -> None:
        """Stand beside `__enter__`, or ``with`` would complain of its absence instead of giving the hint."""

    async def aclose(self) -> None:
        """End the walk: iterating gives no further row, and requests under way are cancelled."""
        self._place = self.checkpoint
        self._items, self._rest, self._ended = (), iter(()), True
        if self._ahead is not None:
            await self._ahead.aclose()

    async def _advance(self, want: int | None) -> bool:
        """Read on until there are rows to hand out, of which *want* are wanted; False at the end of the history."""
        if self._reading:
            raise InvalidInputError("this pager is being read by another task; each reader needs a pager of its own")
        if self._ended:
            return False
        self._reading = True
        try:
            if self._ahead is not None:
                return await self._read_on(self._ahead, want)
            number = self._place.page
            rows = await self._fetch(number)
            if self._ended:
                return False  # closed meanwhile
            if self._is_whole(rows):
                self._ended = True
                return self._hand_out(number, rows)
            window = self._open_window(number, rows)
            self._ahead = Ahead(self._fetch, window, self._surroundings())
            if window.ready and self._hand_out(number, window.ready.popleft().items):
                return True
            return not self._ended and await self._read_on(self._ahead, want)
        finally:
            self._reading = False

    def _is_whole(self, rows: Sequence[T]) -> bool:
        """Whether the first page is the history: most have no other, and need no bookkeeping."""
        paging = self._paging
        return (
            len(rows) < paging.size
            and self._place.after is None
            and self._since is None
            and len(set(map(paging.key, rows))) == len(rows)
        )

    def _open_window(self, number: int, rows: Sequence[T]) -> Window[T]:
        self._walk = self._walk_type(self._paging, after=self._place.after, since=self._since)
        # Pages *ahead* of the one that is waited for; where one is read after another, there is none.
        most = self._lookahead + 1 if self._lookahead > 1 else 1
        return self._window_type(self._walk, number, rows, most=most)

    async def _read_on(self, ahead: Ahead[T], want: int | None) -> bool:
        if self._left is not None:
            want = self._left if want is None else min(want, self._left)
        try:
            page = await ahead.next(want)
        except SessionClosedError:
            if self._ended:
                return False  # closed meanwhile
            raise
        if page is not None and not self._ended:
            return self._hand_out(page.number, page.items)
        if not self._ended and self._walk is not None and self._walk.seeking is not None:
            self._ended = True
            raise InvalidInputError(
                f"the history does not hold row {self._walk.seeking!r}, which the checkpoint goes on after"
            )
        self._ended = True
        return False

    def _hand_out(self, number: int, items: Sequence[T]) -> bool:
        if self._left is not None:
            items = items[: self._left]
            self._left -= len(items)
            self._ended = self._ended or self._left == 0
        if items:
            if self._items:
                self._place = self.checkpoint
            self._number, self._items, self._rest = number, items, iter(items)
        return bool(items)

    def _pause(self) -> None:
        if self._ahead is not None:
            self._ahead.pause()
