"""What the provider's history shows of an entry."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import Any, TypeVar

from attrs import frozen

from wallet_async.engine import codec
from wallet_async.engine.errors import WalletError
from wallet_async.engine.once import Books, Sight
from wallet_async.journal import kept
from wallet_async.journal.entry import Entry
from wallet_async.journal.store import Store

T = TypeVar("T")
ResultT = TypeVar("ResultT")

_CONCURRENCY = 4
"""Histories read at once: the application's calls come first, and a provider that just failed is not to be flooded."""
_PAGE_TIMEOUT = 10.0
"""Seconds for one page."""


@frozen
class History:
    """Reads the histories of one session's movements."""

    movement: type[Any]
    """The class of the movements."""
    books: Callable[[Any], Books[Any]]
    """Says of one how the history shows it."""

    async def sight(self, entry: Entry, later: Entry | None = None) -> Sight[Any]:
        """Look for the row of *entry*, of whichever attempt.

        Args:
            entry: What is looked for.
            later: A movement of the same wallet that has to show, or the history is behind (`Sight.behind`).

        Raises:
            WalletError: The history could not be read to its end.
        """
        movement = self._movement(entry)
        if movement is None:
            return Sight(odd="the journal's own record of it cannot be read")
        return await self.books(movement).booked(
            begun(entry), _PAGE_TIMEOUT, None if later is None else later.reference
        )

    async def alike(self, entry: Entry) -> bool:
        """Whether a row may be that of *entry* without its mark.

        Raises:
            WalletError: The history could not be read to its end.
        """
        movement = self._movement(entry)
        return movement is not None and await self.books(movement).alike(begun(entry), _PAGE_TIMEOUT)

    async def later(self, entry: Entry, store: Store, until: int) -> Entry | None:
        """Give the newest movement of its wallet that was sent after *entry* and booked by *until*, if any is known.

        Raises:
            JournalError: The journal cannot be read.
        """
        movement = self._movement(entry)
        if movement is None:
            return None
        wallet = movement.wallet if isinstance(movement.wallet, tuple) else (movement.wallet,)
        # The store only compares texts; that they stand in the right fields is seen here.
        found = await store.later(entry, holding=[codec.text(part) for part in wallet], until=until)
        same = found is not None and (other := self._movement(found)) is not None and other.wallet == movement.wallet
        return found if same else None

    def _movement(self, entry: Entry) -> Any:
        """Give the movement of *entry*, or None if what the journal has of it is none."""
        try:
            return kept.read_movement(self.movement, entry.movement)
        except (WalletError, TypeError):
            return None


def begun(entry: Entry) -> datetime:
    """Give the moment before which no row can be of *entry*: that of its first attempt, not of its last."""
    return datetime.fromtimestamp(entry.created_at / 1e6, UTC)


async def each(items: Iterable[T], work: Callable[[T], Awaitable[ResultT]]) -> list[ResultT]:
    """Do *work* for each, a few at once and in their order; give the results in no order."""
    left, results = deque(items), list[ResultT]()

    async def some() -> None:
        while left:
            results.append(await work(left.popleft()))

    async with asyncio.TaskGroup() as group:
        for _ in range(min(_CONCURRENCY, len(left))):
            group.create_task(some())
    return results
