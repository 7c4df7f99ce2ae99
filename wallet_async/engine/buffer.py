"""A bounded buffer from many workers to one reader; it costs next to nothing while neither waits for the other."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Buffer(Generic[T]):
    """Hands results on, first in, first out; a full one makes the workers wait."""

    def __init__(self, size: float) -> None:
        self._size = size
        self._ready: deque[T] = deque()
        self._blocked: deque[asyncio.Future[None]] = deque()
        self._reader: asyncio.Future[None] | None = None

    def __len__(self) -> int:
        return len(self._ready)

    async def put(self, result: T) -> None:
        """Add *result*, once there is room."""
        while len(self._ready) >= self._size:
            await self._room()
        self._ready.append(result)
        self.wake()

    def pop(self) -> T:
        """Take the oldest result out."""
        if self._blocked:
            self._unblock()
        return self._ready.popleft()

    async def arrival(self) -> None:
        """Wait until something is put or `wake` is called."""
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
        while self._blocked:
            self._unblock()

    async def _room(self) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._blocked.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self._unblock()  # the room came in the same moment as the cancellation: pass it on
            raise

    def _unblock(self) -> None:
        while self._blocked:
            turn = self._blocked.popleft()
            if not turn.done():
                turn.set_result(None)
                return
