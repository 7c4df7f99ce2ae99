"""A bounded buffer from many workers to one reader; it costs next to nothing while neither waits for the other."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Buffer(Generic[T]):
    """Hands results on, first in, first out.

    Whoever has put something waits for `room` before it goes on: so nothing that is ready is held back, and there are
    never more results than *size* and one a worker.
    """

    def __init__(self, size: float) -> None:
        self._size = size
        self.ready: deque[T] = deque()
        """What can be taken out; by `pop`."""
        self._blocked: deque[asyncio.Future[None]] = deque()
        self._reader: asyncio.Future[None] | None = None

    @property
    def full(self) -> bool:
        """Whether workers have to wait for the reader."""
        return len(self.ready) >= self._size

    def put(self, result: T) -> None:
        """Add *result*."""
        self.ready.append(result)
        if self._reader is not None:
            self.wake()

    async def room(self) -> None:
        """Wait until the reader has come near enough."""
        if not self.full:
            return
        turn = asyncio.get_running_loop().create_future()
        self._blocked.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self._unblock()  # the room came in the same moment as the cancellation: pass it on
            raise

    def pop(self) -> T:
        """Take the oldest result out."""
        result = self.ready.popleft()
        if self._blocked and not self.full:
            self._unblock()
        return result

    async def arrival(self) -> None:
        """Wait until something is put or `wake` is called; the reader has taken everything out."""
        self._unblock_all()
        self._reader = asyncio.get_running_loop().create_future()
        try:
            await self._reader
        finally:
            self._reader = None

    def wake(self) -> None:
        """Let the reader look again."""
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    def widen(self) -> None:
        """Take whatever comes from now on: nobody reads any more, and workers have to get to their end."""
        self._size = math.inf
        self._unblock_all()

    def _unblock_all(self) -> None:
        while self._blocked:
            self._unblock()

    def _unblock(self) -> None:
        while self._blocked:
            turn = self._blocked.popleft()
            if not turn.done():
                turn.set_result(None)
                return
