"""The bulk runs of one session: what `scan`, `scan_pages` and `apply` do with one item."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Hashable, Iterable
from typing import Any, TypeVar
from weakref import WeakSet

from wallet_async.engine import checks
from wallet_async.engine.bulk import Bulk, Work
from wallet_async.engine.calls import MovementLike
from wallet_async.engine.pager import Pager
from wallet_async.engine.progress import OnProgress
from wallet_async.engine.report import Reporter
from wallet_async.engine.walk import Page

T = TypeVar("T")
ItemT = TypeVar("ItemT")
MovementT = TypeVar("MovementT", bound=MovementLike)

_LONG = 100
"""Rows from which a history counts as long: another may begin beside it."""


class Runs:
    """Makes bulk runs for a session, and ends them with it."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._runs: WeakSet[Bulk[Any, Any]] = WeakSet()

    async def aclose(self) -> None:
        """End every run that has begun."""
        for run in list(self._runs):
            await run.aclose()

    def scan(
        self,
        items: Iterable[ItemT] | AsyncIterable[ItemT],
        history: Callable[[ItemT], Pager[T]],
        concurrency: int,
        on_progress: OnProgress | None,
    ) -> Bulk[ItemT, tuple[T, ...]]:
        """Read whole histories."""

        async def read(item: ItemT) -> object:
            pager = history(item)
            rows = await pager.collect(limit=_LONG)
            if len(rows) < _LONG:
                bulk.deliver(item, tuple(rows))
                return rows
            bulk.step_aside()
            rows += await pager.collect()
            bulk.deliver(item, tuple(rows))
            return None

        bulk: Bulk[ItemT, tuple[T, ...]] = self._run(items, read, concurrency, on_progress)
        return bulk

    def scan_pages(
        self,
        items: Iterable[ItemT] | AsyncIterable[ItemT],
        history: Callable[[ItemT], Pager[T]],
        concurrency: int,
        on_progress: OnProgress | None,
    ) -> Bulk[ItemT, Page[T]]:
        """Read histories page by page."""

        async def read(item: ItemT) -> None:
            rows = 0
            async for page in history(item).pages():
                bulk.deliver(item, page)
                await bulk.room()
                rows += len(page.items)
                if rows >= _LONG:
                    bulk.step_aside()

        bulk: Bulk[ItemT, Page[T]] = self._run(items, read, concurrency, on_progress)
        return bulk

    def map(
        self,
        function: Callable[[ItemT], Awaitable[T]],
        items: Iterable[ItemT] | AsyncIterable[ItemT],
        concurrency: int,
        on_progress: OnProgress | None,
    ) -> Bulk[ItemT, T]:
        """Ask the same of many items."""

        async def work(item: ItemT) -> None:
            bulk.deliver(item, await function(item))

        bulk: Bulk[ItemT, T] = self._run(items, work, concurrency, on_progress)
        return bulk

    def apply(
        self,
        movements: Iterable[MovementT] | AsyncIterable[MovementT],
        kind: type[MovementT],
        move: Callable[[MovementT], Awaitable[T]],
        concurrency: int,
        on_progress: OnProgress | None,
    ) -> Bulk[MovementT, T]:
        """Make movements of one *kind*, those of one wallet in their order."""

        async def work(movement: MovementT) -> None:
            if not isinstance(movement, kind):
                raise checks.reject(
                    "movements", movement, f"{kind.__module__.partition('.')[0]}.{kind.__name__} objects"
                )
            bulk.deliver(movement, await move(movement))

        bulk: Bulk[MovementT, T] = self._run(
            movements, work, concurrency, on_progress, lane=lambda movement: getattr(movement, "wallet", None)
        )
        return bulk

    def _run(
        self,
        items: Iterable[ItemT] | AsyncIterable[ItemT],
        work: Work[ItemT],
        concurrency: int,
        on_progress: OnProgress | None,
        *,
        lane: Callable[[ItemT], Hashable] | None = None,
    ) -> Bulk[ItemT, T]:
        return Bulk(
            items,
            work,
            concurrency=concurrency,
            reporter=self._reporter,
            adopt=self._runs.add,
            lane=lane,
            on_progress=on_progress,
        )
