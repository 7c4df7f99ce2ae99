"""Reads the pages that a `Window` asks for, side by side: the window decides, this sends and waits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

from attrs import frozen

from wallet_async.engine.errors import SessionClosedError
from wallet_async.engine.readings import Reading
from wallet_async.engine.report import Reporter
from wallet_async.engine.walk import Page
from wallet_async.engine.window import Window

T = TypeVar("T")


@frozen
class Surroundings:
    """What a pager uses of its session."""

    reporter: Reporter
    """Is told of rows that arrived meanwhile."""
    adopt: Callable[[Ahead[Any]], object]
    """Is given every reader that starts tasks; a session closes it when it is closed itself."""
    throttled: Callable[[], int]
    """Counts how often the provider has asked for fewer requests."""


class Ahead(Generic[T]):
    """Carries one window out.

    A page read beside others has a task. Nobody waits for a page that is not wanted any more, after the end, an error
    or a `break`: it ends within its own time-out, and its connection stays usable. `aclose` cancels.
    """

    def __init__(
        self,
        fetch: Callable[[int], Awaitable[Sequence[T]]],
        window: Window[T],
        surroundings: Surroundings,
    ) -> None:
        self._fetch = fetch
        self._window = window
        self._surroundings = surroundings
        self._throttled = surroundings.throttled()
        self._tasks: set[asyncio.Task[None]] = set()
        self._turn: asyncio.Future[None] | None = None
        self._want: int | None = None
        self._wanted = True
        self._failure: Exception | None = None
        self._trip = self._idle_since = 0.0  # seconds the last page took; when it came

    async def next(self, want: int | None) -> Page[T] | None:
        """Give the next page, or None at the end of the history.

        Args:
            want: Rows wanted from here on, or None for all: no page is asked for that they do not need.

        Raises:
            WalletError: A page could not be read, and all before it are given; calling again reads it again.
        """
        window = self._window
        self._want, self._wanted = want, True
        if window.ready:
            self._heed_slow_reader()
        elif not window.ended:
            window.grow()
            await self._wait()
        if not window.ready:
            return None
        page = window.ready.popleft()
        if self._want is not None:
            self._want -= len(page.items)
        if self._tasks or window.ready:
            self._send()
        return page

    def pause(self) -> None:
        """Ask for nothing more until `next` is called: the loop was left."""
        self._wanted = False

    async def aclose(self) -> None:
        """Cancel the readings under way, and wait until they have ended; who waits for a page gets an error."""
        self.pause()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _wait(self) -> None:
        """Read until a page is ready or the history has ended."""
        while not self._has_news():
            asked = self._ask()
            if len(asked) == 1 and not self._tasks:
                await self._read(asked[0])  # a page on its own needs no task
                continue
            self._spawn(asked)
            self._turn = asyncio.get_running_loop().create_future()
            try:
                await self._turn
            finally:
                self._turn = None
        if self._failure is not None and self._window.exhausted:
            failure, self._failure = self._failure, None
            raise failure

    def _heed_slow_reader(self) -> None:
        """Look less far ahead if everything asked for has been here for longer than a page takes to come."""
        now = asyncio.get_running_loop().time()
        if self._window.idle and now - self._idle_since > self._trip:
            self._idle_since = now
            self._window.shrink()

    def _has_news(self) -> bool:
        window = self._window
        return bool(window.ready) or window.ended or (self._failure is not None and window.exhausted)

    def _ask(self) -> list[Reading[T]]:
        if not self._wanted:
            return []
        window = self._window
        throttled = self._surroundings.throttled()
        if throttled != self._throttled:
            self._throttled = throttled
            window.shrink()
        want = None if self._want is None else self._want - sum(len(page.items) for page in window.ready)
        return window.ask(want, ahead=self._failure is None)

    def _send(self) -> None:
        self._spawn(self._ask())

    def _spawn(self, asked: list[Reading[T]]) -> None:
        if asked and not self._tasks:
            self._surroundings.adopt(self)
        loop = asyncio.get_running_loop()
        for reading in asked:
            task = loop.create_task(self._read(reading))
            self._tasks.add(task)
            task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            self._failure = SessionClosedError("the session was closed while pages of a history were under way")
        else:
            self._send()
        if self._turn is not None and not self._turn.done() and self._has_news():
            self._turn.set_result(None)

    async def _read(self, reading: Reading[T]) -> None:
        window, time = self._window, asyncio.get_running_loop().time
        left = time()
        try:
            rows = await self._fetch(reading.number)
        except Exception as error:  # noqa: BLE001 - kept, and raised to the reader in its place
            if window.failed(reading):
                self._failure = error
            return
        except BaseException:
            window.failed(reading)
            raise
        self._idle_since = time()
        self._trip = self._idle_since - left
        window.came(reading, rows)
        drift = window.take_drift(self._surroundings.reporter.service)
        if drift is not None:
            self._surroundings.reporter.emit(drift)
