"""Time that a test moves on by hand, for all that takes long: late commits, lagging histories, the resolver's waits."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

TURNS = 50  # of the loop, in which whatever was woken does its work


class Hands:
    """A clock for the wall, for the stand-in and for every resolver that rests on it; requests take their real time."""

    def __init__(self) -> None:
        self._begun = time.time()
        self.passed = 0.0
        """Seconds since it was made."""
        self.put_forward = 0.0
        """Seconds that the wall clock shows besides."""
        self.resolvers = 0
        """Those that a test has opened: time stands still until each of them rests."""
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._resting = 0

    def clock(self) -> int:
        """Microseconds since 1970, as a journal asks for them."""
        return int((self._begun + self.passed + self.put_forward) * 1e6)

    def monotonic(self) -> float:
        """Seconds that have passed."""
        return self.passed

    def moment(self) -> datetime:
        """The time at the provider."""
        return datetime.fromtimestamp(self._begun + self.passed, UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait until so many seconds have passed."""
        future = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.passed + seconds, len(self._sleepers), future))
        await future

    async def rest(self, seconds: float) -> None:
        """Wait as a resolver between two sweeps."""
        self._resting += 1
        try:
            await self.sleep(seconds)
        finally:
            self._resting -= 1

    async def advance(self, seconds: float) -> None:
        """Let so many seconds pass, everything in its order."""
        end = self.passed + seconds
        await self.quiet()
        while due := [sleeper for sleeper in self._sleepers if sleeper[0] <= end and not sleeper[2].done()]:
            first = min(due, key=lambda sleeper: sleeper[:2])
            self._sleepers.remove(first)
            self.passed = max(self.passed, first[0])
            first[2].set_result(None)
            await self.quiet()
        self.passed = end

    async def quiet(self) -> None:
        """Wait until what was woken has done its work."""
        for _ in range(TURNS):
            await asyncio.sleep(0)
        while self._resting < self.resolvers:  # noqa: ASYNC110 - what it waits for is bytes on a socket
            await asyncio.sleep(0.001)
