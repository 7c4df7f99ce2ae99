"""Many calls under one bound: workers pull from one iterator, results come as they finish, a failure harms no other."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Coroutine, Hashable, Iterable, Iterator
from typing import Any, Generic, TypeVar

from attrs import frozen

from wallet_async.engine import checks
from wallet_async.engine.buffer import Buffer
from wallet_async.engine.errors import InvalidInputError, SessionClosedError, WalletError
from wallet_async.engine.events import UnreadResultsEvent
from wallet_async.engine.line import BULK
from wallet_async.engine.progress import Meter, OnProgress
from wallet_async.engine.report import Reporter

ItemT = TypeVar("ItemT")  # an item
ValueT = TypeVar("ValueT")  # what it gives

_HELD = 16
"""Items a concurrency slot that may wait behind a busy wallet before no more are taken from the iterator."""


@frozen
class Done(Generic[ItemT, ValueT]):
    """One item succeeded."""

    item: ItemT
    """The item, as the caller gave it."""
    value: ValueT
    """What it gave."""


@frozen
class Failed(Generic[ItemT]):
    """One item failed; the others go on."""

    item: ItemT
    """The item, as the caller gave it."""
    error: WalletError
    """What went wrong."""


Result = Done[ItemT, ValueT] | Failed[ItemT]
Work = Callable[[ItemT], Awaitable[object]]
"""Does one item, and delivers what it gives. What it returns is kept until the same worker has done its next: if that
is what it delivered, as many objects go as come, where else every burst of results starts the garbage collector."""


class Bulk(Generic[ItemT, ValueT]):
    """The results of a bulk run: iterate with ``async for``, in the order in which they finish.

    Work starts with the iteration and keeps at most *concurrency* items under way; a slow reader stops it. Leaving the
    loop early ends the run: reads are cancelled, writes that have started are finished (see `unread`). So does a
    deadline: ``async with asyncio.timeout(600)`` around the loop.
    """

    def __init__(
        self,
        items: Iterable[ItemT] | AsyncIterable[ItemT],
        work: Work[ItemT],
        *,
        concurrency: int,
        reporter: Reporter,
        adopt: Callable[[Bulk[Any, Any]], None],
        lane: Callable[[ItemT], Hashable] | None = None,
        on_progress: OnProgress | None = None,
    ) -> None:
        self._concurrency = checks.count("concurrency", concurrency)
        if not isinstance(items, Iterable | AsyncIterable):
            raise checks.reject("items", items, "an iterable or an async iterable")
        self._pull = _puller(items) if isinstance(items, AsyncIterable) else None
        self._rows: Iterator[ItemT] = iter(()) if isinstance(items, AsyncIterable) else iter(items)
        self._work = work
        self._lane = lane
        self._reporter = reporter
        self._adopt = adopt
        self._lanes: dict[Hashable, deque[ItemT]] = {}
        self._held = asyncio.Semaphore(_HELD * concurrency)
        self._buffer: Buffer[Result[ItemT, ValueT]] = Buffer(concurrency)
        self._workers: set[asyncio.Task[None]] = set()
        self._busy: set[asyncio.Task[Any] | None] = set()
        self._kept: dict[asyncio.Task[Any] | None, object] = {}
        self._meter = Meter(on_progress, reporter, under_way=self._busy)
        self._replaced: set[asyncio.Task[Any] | None] = set()
        self._stopping = False
        self._drained = False
        self._started = False
        self._broken: BaseException | None = None
        self.unread: tuple[Result[ItemT, ValueT], ...] = ()
        """Results that finished after the loop was left."""

    async def __aiter__(self) -> AsyncIterator[Result[ItemT, ValueT]]:
        """Run, and give results as they finish.

        Raises:
            Exception: Whatever the iterable of items raised, after the results of what it gave before.
        """
        if self._started:
            raise InvalidInputError("a bulk run can be iterated once; make a new one")
        self._started = True
        self._adopt(self)
        self._meter.start()
        try:
            for _ in range(self._concurrency):
                self._spawn()
            buffer = self._buffer
            while self._workers or buffer.ready:
                while buffer.ready:
                    yield buffer.pop()
                if self._workers:
                    await buffer.arrival()
            if self._broken is not None:
                raise self._broken
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        """End the run: take no further item, cancel reads, and wait for writes that have started."""
        self._stopping = True
        if (self._workers or self._buffer.ready) and self._broken is None:
            self._broken = SessionClosedError("the bulk run was closed before its end")
        for task in self._workers:
            if self._lane is None or task not in self._busy:
                task.cancel()
        self._buffer.widen()  # a worker that waits to deliver a finished write goes on
        if self._workers:
            # Shielded: if this wait is cancelled too, started writes still run to their end.
            await asyncio.shield(asyncio.gather(*self._workers, return_exceptions=True))
        self._meter.stop()
        if self._buffer.ready:
            self.unread = tuple(self._buffer.ready)
            self._buffer.ready.clear()
            failed = sum(isinstance(result, Failed) for result in self.unread)
            self._reporter.emit(
                UnreadResultsEvent(service=self._reporter.service, done=len(self.unread) - failed, failed=failed)
            )

    def deliver(self, item: ItemT, value: ValueT) -> None:
        """Hand on what *item* gave."""
        self._buffer.put(Done(item, value))

    async def room(self) -> None:
        """Wait for the reader, between two deliveries for one item."""
        await self._buffer.room()

    def step_aside(self) -> None:
        """Let another item begin beside the one under way in this task, because this one will take long.

        Otherwise a few items of a thousand requests each would hold every worker, and those of one request would wait
        for them. As many as *concurrency* may step aside at a time, so memory stays bounded.
        """
        task = asyncio.current_task()
        if len(self._replaced) < self._concurrency and task not in self._replaced:
            self._replaced.add(task)
            self._spawn()

    def _spawn(self) -> None:
        task = asyncio.get_running_loop().create_task(self._worker())
        self._workers.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._workers.discard(task)
        self._kept.pop(task, None)
        self._replaced.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._broken = self._broken or error
            self._stopping = True
            for worker in self._workers - self._busy:
                worker.cancel()  # it may wait for a place behind a wallet that nobody works on any more
        self._buffer.wake()

    async def _worker(self) -> None:
        task = asyncio.current_task()
        BULK.set(task)
        pull, rows = self._pull, self._rows
        while not (self._stopping or self._drained or task in self._replaced):
            try:
                item = next(rows) if pull is None else await pull()
            except (StopIteration, StopAsyncIteration):
                self._drained = True
            except Exception as error:  # noqa: BLE001 - kept, and raised to the reader
                # The iterable's own: what it gave before is still done, also what waits behind a busy wallet.
                self._drained, self._broken = True, self._broken or error
            else:
                if self._lane is None:
                    await self._do(item, task)
                else:
                    await self._in_order(item, self._lane(item), task)

    async def _in_order(self, item: ItemT, lane: Hashable, task: asyncio.Task[None] | None) -> None:
        """Do *item* now, or leave it to the worker that is busy with the same lane."""
        if (line := self._lanes.get(lane)) is not None:
            line.append(item)
            await self._held.acquire()
            return
        line = self._lanes[lane] = deque([item])
        while line and not self._stopping:
            await self._do(line.popleft(), task)
            if line:
                self._held.release()
        del self._lanes[lane]

    async def _do(self, item: ItemT, task: asyncio.Task[None] | None) -> None:
        self._busy.add(task)
        try:
            try:
                self._kept[task] = await self._work(item)
                self._meter.done += 1
            except WalletError as error:
                self._meter.failed += 1
                self._buffer.put(Failed(item, error))
            if self._buffer.full:
                await self._buffer.room()
        finally:
            self._busy.discard(task)


def _puller(items: AsyncIterable[ItemT]) -> Callable[[], Coroutine[Any, Any, ItemT]]:
    """Make a function that gives the next item to one caller at a time."""
    source, lock = aiter(items), asyncio.Lock()

    async def pull() -> ItemT:
        async with lock:  # an async generator refuses a second caller while the first waits
            return await anext(source)

    return pull
