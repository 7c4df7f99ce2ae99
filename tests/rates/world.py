"""Processes that share a rate, in virtual time: when they ask, how slowly the store answers, when they stand still."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import cycle, pairwise

from attrs import frozen

from tests.engine.virtual import run
from wallet_async.engine.errors import ConnectError
from wallet_async.rates import SharedRate
from wallet_async.rates.gcra import Cell


@frozen
class Worker:
    """One process."""

    arrivals: tuple[float, ...]
    """When a request wants to leave, in seconds."""
    trips: tuple[tuple[float, float], ...] = ((0.0005, 0.0005),)
    """Seconds that a question takes to the store, and its answer back; in turn."""
    stalls: tuple[tuple[float, float], ...] = ()
    """From when until when the process stands still, in order."""

    async def wake(self) -> None:
        """Go on at once, or when the process does."""
        loop = asyncio.get_running_loop()
        for begin, end in self.stalls:
            if begin <= loop.time() < end:
                await asyncio.sleep(end - loop.time())

    async def sleep(self, delay: float) -> None:
        await asyncio.sleep(delay)
        await self.wake()


class Clocked:
    """The rule of the stores: the later of now and the free moment, in whole microseconds of the store's own clock."""

    def __init__(self) -> None:
        self.free_at = 0

    def take(self, spacing: int) -> float:
        now = round((asyncio.get_running_loop().time() + 1000) * 1_000_000)
        cell = max(now, self.free_at)
        self.free_at = cell + spacing
        return (cell - now) / 1_000_000


class Line:
    """A worker's connection to the store."""

    def __init__(self, store: Clocked, worker: Worker) -> None:
        self._store = store
        self._worker = worker
        self._trips: Iterator[tuple[float, float]] = cycle(worker.trips)

    async def take(self, spacing: int) -> float:
        going, coming = next(self._trips)
        await asyncio.sleep(going)
        ahead = self._store.take(spacing)
        await asyncio.sleep(coming)
        await self._worker.wake()
        return ahead

    async def aclose(self) -> None:
        """There is nothing to close."""


def leaving(
    per_second: float, workers: Sequence[Worker], *, kind: type[SharedRate] = SharedRate, shared: bool = True
) -> list[float]:
    """Give when the requests of all workers leave, in order; those that end with an error do not."""
    left: list[float] = []

    async def request(rate: SharedRate, worker: Worker, arrival: float) -> None:
        await worker.sleep(arrival)
        try:
            await rate.wait()
        except ConnectError:  # the store was too slow again and again: it does not leave
            return
        left.append(asyncio.get_running_loop().time())

    async def main() -> None:
        clock = asyncio.get_running_loop().time
        one = Clocked()
        async with asyncio.TaskGroup() as tasks:
            for worker in workers:
                line = Line(one if shared else Clocked(), worker)
                rate = kind(line, per_second, clock=clock, sleep=worker.sleep)
                for arrival in worker.arrivals:
                    tasks.create_task(request(rate, worker, arrival))

    run(main(), debug=False)
    return sorted(left)


def most(moments: Iterable[float], window: float = 1.0) -> int:
    """Give how many of the *moments* lie in one *window* at most, wherever it begins; the last microsecond is left."""
    ordered, best, first = sorted(moments), 0, 0
    for last, moment in enumerate(ordered):
        while moment - ordered[first] >= window - 1e-6:
            first += 1
        best = max(best, last - first + 1)
    return best


def gaps(moments: Sequence[float]) -> list[float]:
    """Give how far each is from the one before."""
    return [after - before for before, after in pairwise(moments)]


def check(moments: Sequence[float], per_second: float) -> None:
    """Assert that no second has more than it may."""
    assert most(moments) <= math.ceil(per_second)


class Careless(SharedRate):
    """Sabotaged: a request leaves however late it is."""

    async def wait(self) -> None:
        cell = await self._take()
        while (left := cell.opens - self._clock()) > 0:
            await self._sleep(left)


class FromHearing(SharedRate):
    """Sabotaged: what the store's answer took does not count as late."""

    async def _take(self) -> Cell:
        cell = await super()._take()
        return Cell(cell.heard, cell.heard, cell.ahead)


class FromAsking(SharedRate):
    """Sabotaged: the cell is taken to be ahead of the question, as if the store had answered at once."""

    async def _take(self) -> Cell:
        cell = await super()._take()
        return Cell(cell.asked, cell.asked, cell.ahead)
