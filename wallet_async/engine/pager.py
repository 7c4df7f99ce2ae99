"""`Pager`: an async iterator over a history, one page of 20 at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Generic, NoReturn, TypeVar

from wallet_async.engine import checks
from wallet_async.engine.errors import InvalidInputError
from wallet_async.engine.walk import CheckHead, Checkpoint, End, Page, Walk

T = TypeVar("T")

_HINT = "a history is read with `async for row in …`, `async for page in ….pages()` or `await ….collect()`"


class Pager(Generic[T]):
    """Reads a history; nothing is sent until it is iterated.

    It keeps its place: after `break`, or after an error, another ``async for`` over the same pager goes on with the
    next row. Each row comes once, also when rows arrive meanwhile.

    Example:
        ```python
        async for transaction in rehook.transactions("krishna123", "waty_Xbg"):
            print(transaction.created_at, transaction.points)
        ```
    """

    def __init__(
        self,
        fetch: Callable[[int], Awaitable[Sequence[T]]],
        walk: Walk[T],
        limit: int | None,
    ) -> None:
        self._fetch = fetch
        self._walk = walk
        self._left = None if limit is None else checks.count("limit", limit, least=0)
        self._page: Page[T] = Page(walk.page, ())
        self._index = 0
        self._place = Checkpoint(walk.page, walk.seeking)
        self._ended = limit == 0
        self._reading = False

    @property
    def checkpoint(self) -> Checkpoint:
        """Where the walk stands, counting every row handed out so far; give it as ``resume=`` to go on from there."""
        if self._index == 0:
            return self._place
        return Checkpoint(self._page.number, self._walk.key(self._page.items[self._index - 1]))

    async def __aiter__(self) -> AsyncIterator[T]:
        """Iterate over the rows.

        Raises:
            WalletError: A page could not be read; iterating again goes on where it stopped.
        """
        while True:
            items = self._page.items
            while self._index < len(items):
                self._index += 1
                yield items[self._index - 1]
            if not await self._advance():
                return

    async def pages(self) -> AsyncIterator[Page[T]]:
        """Iterate over the pages: the same rows, a page's worth at a time.

        Raises:
            WalletError: A page could not be read; iterating again goes on where it stopped.
        """
        while True:
            rest = self._page.items[self._index :]
            if rest:
                self._index = len(self._page.items)
                yield Page(self._page.number, rest)
            if not await self._advance():
                return

    async def collect(self, *, limit: int | None = None) -> list[T]:
        """Read the rest of the history, or its next *limit* rows, into a list.

        Raises:
            WalletError: A page could not be read.
        """
        if limit is not None:
            checks.count("limit", limit, least=0)
        rows: list[T] = []
        place, number = self.checkpoint, self._page.number
        try:
            await self._collect_into(rows, limit)
        except BaseException:
            # Nothing was handed out: whoever reads on gets these rows first.
            self._place, self._page, self._index = place, Page(number, tuple(rows)), 0
            raise
        return rows

    async def _collect_into(self, rows: list[T], limit: int | None) -> None:
        while limit is None or len(rows) < limit:
            rest = self._page.items[self._index :]
            if limit is not None:
                rest = rest[: limit - len(rows)]
            self._index += len(rest)
            rows += rest
            if self._index == len(self._page.items) and len(rows) != limit and not await self._advance():
                break

    def __iter__(self) -> NoReturn:
        """Refuse ``for``."""
        raise TypeError(_HINT)

    def __enter__(self) -> NoReturn:
        """Refuse ``with``."""
        raise TypeError(_HINT)

    def __exit__(self, *_: object) -> None:
        """Stand beside `__enter__`, or ``with`` would complain of its absence instead of giving the hint."""

    async def aclose(self) -> None:
        """End the walk: iterating gives no further row."""
        self._place = self.checkpoint
        self._page, self._index, self._ended = Page(self._page.number, ()), 0, True

    async def _advance(self) -> bool:
        """Read on until there are rows to hand out; False at the end of the history."""
        if self._reading:
            raise InvalidInputError("this pager is being read by another task; each reader needs a pager of its own")
        self._reading = True
        try:
            while not self._ended:
                if await self._read_page():
                    return True
        finally:
            self._reading = False
        return False

    async def _read_page(self) -> bool:
        number = self._walk.page
        rows = await self._fetch(number)
        fresh, step = self._walk.take(rows)
        if isinstance(step, CheckHead):
            step = self._walk.take_head(await self._fetch(self._walk.first_page))
        if self._ended:
            return False  # closed meanwhile
        if self._left is not None:
            fresh = fresh[: self._left]
            self._left -= len(fresh)
        self._ended = isinstance(step, End) or self._left == 0
        if self._ended and self._walk.seeking is not None:
            raise InvalidInputError(
                f"the history does not hold row {self._walk.seeking!r}, which the checkpoint goes on after"
            )
        if fresh:
            self._place = self.checkpoint
            self._page, self._index = Page(number, fresh), 0
        return bool(fresh)
