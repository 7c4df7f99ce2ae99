"""S1 and S10: requests a second of every client, in interleaved slices of one process."""

import asyncio
import gc
import random
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from time import perf_counter, process_time

from attrs import frozen

from benchmarks import heap
from benchmarks.clients import IN_FLIGHT, Client, readers, writers
from benchmarks.server import pin, running

Open = Callable[[str], AbstractAsyncContextManager[list[Client]]]

WORKS: dict[str, Open] = {"S1": readers, "S10": writers}


@frozen
class Slice:
    """One client for a fraction of a second."""

    rate: float
    """Requests a second."""
    cpu: float
    """Microseconds of CPU a request."""


async def run(request: Callable[[], Awaitable[None]], count: int) -> Slice:
    """Do *count* requests by 50 workers that pull from one iterator."""
    places = iter(range(count))

    async def worker() -> None:
        for _ in places:
            await request()

    gc.collect()
    cpu, begun = process_time(), perf_counter()
    await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))
    return Slice(count / (perf_counter() - begun), (process_time() - cpu) / count * 1e6)


async def measure(work: str, rounds: int, seconds: float, seed: int) -> dict[str, list[Slice]]:
    """Run every client of *work* once a round, in random order; slices take about *seconds*."""
    order = random.Random(f"{seed} {work}")
    found: dict[str, list[Slice]] = {}
    with running() as base_url:
        async with WORKS[work](base_url) as clients:
            for client in clients:
                await run(client.request, IN_FLIGHT * 4)  # connections are made, code is generated
            count = int((await run(clients[0].request, 1000)).rate * seconds)
            for _ in range(rounds):
                for client in order.sample(clients, len(clients)):
                    slice_ = await run(client.request, max(IN_FLIGHT * 2, int(count * client.share)))
                    found.setdefault(client.name, []).append(slice_)
            return {client.name: found[client.name] for client in clients}


def measure_both(rounds: int, seconds: float, seed: int, state: heap.State) -> dict[str, dict[str, list[Slice]]]:
    """Measure S1 and S10 in this process, in one heap state.

    Raises:
        RuntimeError: The heap is not, or did not stay, in *state*.
    """
    pin(0)
    heap.require(state)
    found = {work: asyncio.run(measure(work, rounds, seconds, seed)) for work in WORKS}
    heap.require(state)
    return found
