"""What the tests of bulk runs share: items that take a while, and a record of everything that happened."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Hashable, Iterable
from typing import Any

from wallet_async.engine.bulk import Bulk
from wallet_async.engine.errors import DisconnectedError
from wallet_async.engine.events import Event
from wallet_async.engine.report import Reporter

Item = tuple[str, int]
"""A wallet, and the item's number in the whole run."""


class Works:
    """Work that takes as long as it is told and notes who was under way when."""

    def __init__(
        self,
        seconds: Callable[[Item], float] = lambda item: 1.0,
        *,
        fails: Iterable[int] = (),
        breaks: Iterable[int] = (),
    ) -> None:
        self.seconds = seconds
        self.fails, self.breaks = set(fails), set(breaks)
        self.pulled = 0
        self.begun: list[Item] = []
        self.finished: list[Item] = []
        self.cancelled: list[Item] = []
        self.under_way: list[Item] = []
        self.most = 0
        self.events: list[Event] = []
        self.adopted: list[Bulk[Any, Any]] = []

    async def __call__(self, item: Item) -> None:
        """Do one item."""
        assert all(item[0] != other[0] for other in self.under_way) or not self.in_lanes
        self.begun.append(item)
        self.under_way.append(item)
        self.most = max(self.most, len(self.under_way))
        try:
            await asyncio.sleep(self.seconds(item))
        except asyncio.CancelledError:
            self.cancelled.append(item)
            raise
        finally:
            self.under_way.remove(item)
        if item[1] in self.breaks:
            raise ZeroDivisionError(f"a bug at item {item[1]}")
        if item[1] in self.fails:
            raise DisconnectedError(f"item {item[1]}")
        self.finished.append(item)
        self.adopted[-1].deliver(item, item[1] * 10)

    in_lanes = False

    def count(self, items: Iterable[Item]) -> Iterable[Item]:
        """Give *items* on, counting what is pulled."""
        for item in items:
            self.pulled += 1
            yield item

    async def count_later(self, items: Iterable[Item]) -> AsyncIterator[Item]:
        """The same as an async iterable that takes its time."""
        for item in items:
            await asyncio.sleep(0.001)
            self.pulled += 1
            yield item

    def scan(
        self, items: Iterable[Item] | AsyncIterable[Item], concurrency: int = 4, *, kind: type[Bulk[Any, Any]] = Bulk
    ) -> Bulk[Item, int]:
        """Make a run of reads."""
        return self._make(items, concurrency, None, kind)

    def apply(
        self, items: Iterable[Item] | AsyncIterable[Item], concurrency: int = 4, *, kind: type[Bulk[Any, Any]] = Bulk
    ) -> Bulk[Item, int]:
        """Make a run of writes: those of one wallet keep their order."""
        return self._make(items, concurrency, lambda item: item[0], kind)

    def _make(
        self, items: Any, concurrency: int, lane: Callable[[Item], Hashable] | None, kind: type[Bulk[Any, Any]]
    ) -> Bulk[Item, int]:
        reporter = Reporter("engine_tests", self.events.append)
        return kind(items, self, concurrency=concurrency, reporter=reporter, adopt=self.adopted.append, lane=lane)


def items(count: int, wallets: int | None = None) -> list[Item]:
    """Make items that go round *wallets* wallets, or one wallet each."""
    return [(f"w{number % (wallets or count)}", number) for number in range(count)]
