"""One after another for the same key, side by side for different ones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

from attrs import define, field


@define
class _Lane:
    lock: asyncio.Lock = field(factory=asyncio.Lock)
    """Fair: whoever asked first is first."""
    users: int = 0
    """Those who have it or wait for it."""


class Lanes:
    """A line for each key that is in use; a key that nobody uses takes no memory."""

    def __init__(self) -> None:
        self._lanes: dict[Hashable, _Lane] = {}

    def __len__(self) -> int:
        return len(self._lanes)

    @asynccontextmanager
    async def turn(self, key: Hashable) -> AsyncIterator[None]:
        """Wait until all who asked before for the same key have left, and hold it until the block is left."""
        lane = self._lanes.setdefault(key, _Lane())
        lane.users += 1
        try:
            async with lane.lock:
                yield
        finally:
            lane.users -= 1
            if not lane.users:
                del self._lanes[key]
