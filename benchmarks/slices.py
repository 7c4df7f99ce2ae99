"""Clients side by side: every one runs for a fraction of a second, again and again, in random order, in one process."""

import asyncio
import gc
import random
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack
from importlib import import_module
from time import perf_counter, process_time
from typing import Protocol

from attrs import evolve, frozen

from benchmarks import heap
from benchmarks.serving import Site

_WARM_UP = 8
"""Slices' worth of time before anything counts: connections are made, code is generated, Node's compiler has worked."""


@frozen(kw_only=True)
class Slice:
    """One client for a fraction of a second."""

    rate: float
    """Requests a second."""
    cpu: float
    """Microseconds of CPU a request."""
    server: float
    """Microseconds of the server's CPU a request: as long as it is the smaller one, the client is what is measured."""


class Client(Protocol):
    """One way to make the request."""

    @property
    def name(self) -> str:
        """What the tables call it."""

    async def run(self, count: int, in_flight: int) -> tuple[float, float]:
        """Do *count* requests, *in_flight* at a time; gives seconds, and seconds of CPU."""


@frozen
class Requests:
    """A client in this process: one coroutine a request."""

    name: str
    request: Callable[[], Awaitable[None]]

    async def run(self, count: int, in_flight: int) -> tuple[float, float]:
        """Let workers pull from one iterator."""
        places = iter(range(count))

        async def worker() -> None:
            for _ in places:
                await self.request()

        cpu, begun = process_time(), perf_counter()
        await asyncio.gather(*(worker() for _ in range(in_flight)))
        return perf_counter() - begun, process_time() - cpu


Peer = Callable[[Site], AbstractAsyncContextManager[Client]]


@frozen
class Case:
    """A peer on an event loop."""

    peer: str
    """Module and function below `benchmarks.peers`, so that a module is loaded only where its client takes part."""
    loop: str = "asyncio"
    """``"asyncio"`` or ``"uvloop"``."""
    in_flight: int | None = None
    """At a time; None for as many as the plan says."""


@frozen(kw_only=True)
class Found:
    """A case and its slices, one a round; of a client that is too slow for a slice's time, one in a few rounds."""

    peer: str
    loop: str
    name: str
    """The peer, with what it said of itself."""
    slices: list[Slice]
    every: int
    """Rounds from one slice to the next."""


@frozen(kw_only=True)
class Plan:
    """How long to measure, and in which order."""

    rounds: int
    seconds: float = 0.12
    """Seconds a slice takes about: many short ones even out what else the machine does."""
    in_flight: int = 50
    slow: int = 3
    """Rounds from one slice to the next of a client that is too slow for a slice's time."""
    seed: int
    full: bool = True
    """False where nothing but that it runs is to be seen: one state of the heap, short histories and scans."""


def interleave(site: Site, cases: list[Case], plan: Plan) -> list[Found]:
    """Run every case once a round."""
    order = random.Random(f"{plan.seed} {cases}")
    found: list[list[Slice]] = [[] for _ in cases]
    with ExitStack() as stack:
        runners = {loop: stack.enter_context(_runner(loop)) for loop in dict.fromkeys(case.loop for case in cases)}
        entered = [(_enter(stack, runners[case.loop], case.peer, site), runners[case.loop]) for case in cases]
        at_a_time = [case.in_flight or plan.in_flight for case in cases]
        counts = [
            _warm_up(site, client, runner, evolve(plan, in_flight=number))
            for (client, runner), number in zip(entered, at_a_time, strict=True)
        ]
        slow = max(1, min(plan.slow, plan.rounds // 2))
        every = [slow if count == _fewest(number) else 1 for count, number in zip(counts, at_a_time, strict=True)]
        gc.freeze()  # what the others have imported is no burden on a client's own collections
        for lap in range(plan.rounds):
            heap.hold()
            for place in order.sample(range(len(cases)), len(cases)):
                if lap % every[place]:
                    continue
                found[place].append(_slice(site, *entered[place], counts[place], at_a_time[place]))
    return [
        Found(peer=case.peer, loop=case.loop, name=client.name, slices=slices, every=rounds)
        for case, (client, _), slices, rounds in zip(cases, entered, found, every, strict=True)
    ]


def _warm_up(site: Site, client: Client, runner: asyncio.Runner, plan: Plan) -> int:
    """Give the number of requests that take the time of a slice."""
    count = _fewest(plan.in_flight)
    for seconds in (plan.seconds, _WARM_UP * plan.seconds, plan.seconds):
        count = max(_fewest(plan.in_flight), int(_slice(site, client, runner, count, plan.in_flight).rate * seconds))
    return count


def _fewest(in_flight: int) -> int:
    """Give the fewest requests of a slice: with less, hardly ever as many would be in flight as should be."""
    return 3 * in_flight


def _slice(site: Site, client: Client, runner: asyncio.Runner, count: int, in_flight: int) -> Slice:
    gc.collect()
    # While the others ran, connections may have been idle for too long: they are made anew before time counts.
    runner.run(client.run(in_flight, in_flight))
    before = site.counts()
    seconds, cpu = runner.run(client.run(count, in_flight))
    after = site.counts()
    assert after.answered - before.answered == count, f"{client.name} makes more than one request each"
    return Slice(rate=count / seconds, cpu=cpu / count * 1e6, server=(after.cpu - before.cpu) / count * 1e6)


def _runner(loop: str) -> asyncio.Runner:
    factory = import_module("uvloop").new_event_loop if loop == "uvloop" else asyncio.new_event_loop
    return asyncio.Runner(loop_factory=factory)


def open_peer(peer: str, site: Site) -> AbstractAsyncContextManager[Client]:
    """Make a client; *peer* is its module and function."""
    module, _, name = peer.partition(".")
    make: Peer = getattr(import_module(f"benchmarks.peers.{module}"), name)
    return make(site)


def _enter(stack: ExitStack, runner: asyncio.Runner, peer: str, site: Site) -> Client:
    """Open a client on its loop; it is closed there too."""
    exits = AsyncExitStack()
    client = runner.run(exits.enter_async_context(open_peer(peer, site)))
    stack.callback(lambda: runner.run(exits.aclose()))
    return client
