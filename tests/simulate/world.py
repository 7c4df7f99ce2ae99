"""One episode: some processes, one provider, one journal, a few hundred orders, and faults from one seed."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib import import_module
from random import Random
from typing import Any
from unittest.mock import patch

import aiohttp

from loyalty_async import history
from tests.journal.memory import MemoryStore
from tests.simulate.judge import Judge
from tests.simulate.loop import HOST
from tests.simulate.network import NOBODY, Network, Provider
from tests.simulate.orders import LoyaltySide, Order, Progress, RehookSide, Side
from tests.simulate.plan import Believed, Plan, Sizes
from tests.simulate.process import EPOCH, Auditor, Blow, Process, killed_at
from wallet_async.engine.calls import Kind
from wallet_async.engine.transport import direct
from wallet_async.journal.entry import Entry


class WrongError(Exception):
    """Something is not as it was claimed: there is no need to go on."""


LONGEST = 7200.0
"""Seconds in which all orders are taken; more is a hang."""


class World:
    """All of one episode; everything that is random in it comes from its seed."""

    def __init__(self, seed: int, sizes: Sizes, believed: Believed) -> None:
        self._loop: Any = asyncio.get_running_loop()
        self.rng = Random(seed)
        self.sizes = sizes
        self.believed = believed
        self.plan = Plan(self.rng, believed)
        sides: list[Side] = [RehookSide(), LoyaltySide(deduplicate=False), LoyaltySide(deduplicate=True)]
        self.side = self.rng.choice([side for side in sides if believed.only in (None, side.service)])
        self.store = MemoryStore()
        self.steady = self.rng.random() < 0.1
        """Whether there is one process and it is never killed: then the clock on its wall may be put forward and back,
        which nobody can notice across a restart."""
        self.put_back = 0.0
        """Seconds by which it was put back: by so much more may what is in doubt take."""
        self.provider = Provider(self.side, self.plan, self._moment, seed, sizes.wallets)
        hosts = {f"{name}.example": self.provider for name in (self.side.service, "token")}
        self.network = Network(hosts, self.plan)
        self.orders = [Progress(self._order(number)) for number in range(sizes.orders)]
        self.judge = Judge(self.provider, self.orders, beyond=believed.beyond)
        self.processes: list[Process] = []
        self.lives = 0
        """Processes ever started."""
        self._known = asyncio.Event()
        self._chaos: dict[asyncio.Task[None], None] = {}

    async def run(self) -> None:
        """Let it all happen.

        Raises:
            WrongError: A claim was not true.
            TimeoutError: Something did not end in time once nothing went wrong any more.
        """
        with ExitStack() as stack:
            connect = lambda _, request, __, timeout: self.network.connect(request, timeout)  # noqa: E731
            stack.enter_context(patch.object(aiohttp.TCPConnector, "_create_connection", connect))
            stack.enter_context(patch.object(aiohttp.connector, "monotonic", self._loop.time))
            stack.enter_context(patch.object(history, "datetime", _Clock))
            if self.rng.random() < 0.15:
                stack.enter_context(patch.object(direct, "DirectTransport", lambda session, _: session))
            for todo in self._shared_out():
                self._start(todo, self.rng.uniform(-1, 1))
            try:
                await self._to_the_end()
            finally:
                await self._clear_away()

    async def _to_the_end(self) -> None:
        async with asyncio.timeout(LONGEST):
            await self._until_all_are_taken()
        self.plan.calm = True
        async with asyncio.timeout(self.believed.bound + self.put_back):
            await self._known.wait()
            while await self.left():  # noqa: ASYNC110 - the journal tells nobody
                await asyncio.sleep(1)
        for process in self.processes:
            process.over.set()
        await asyncio.gather(*(process.main for process in self.processes))
        await self.network.quiet()
        await Auditor(self, [], 0.0).main
        for progress in self.orders:
            self.judge.at_the_end(progress)

    async def _clear_away(self) -> None:
        """End whatever is left, if it did not come to the end."""
        self.plan.calm = True
        for process in self.processes:
            process.dead = True
            await process.end()
        await self.network.aclose()
        while self._chaos:
            await asyncio.wait(self._chaos)

    def strike(self, process: Process, blow: Blow, place: str) -> None:
        """Kill *process* at this place or a few steps later, and start another in its place; or stop it for a while."""
        if self.plan.calm or process.stopped or process not in self.processes:
            return
        if blow != "kill":
            process.stopped = True
            longest = 2 * self.believed.settling.wait
            seconds = longest if blow == "stop at a claim" else self.rng.choice([0.2, 3.0, 10.0, longest])
            self._spawn(self._stop(process, seconds))
            return
        self.plan.met[killed_at(place)] += 1
        turns = self.rng.choice([0, 0, 0, 1, 2, 3, 5, 8, 13, 30])
        process.dead = turns == 0
        self._spawn(self._replace(process, turns))

    def heard_of(self, progress: Progress) -> None:
        """Note that one asker of an order knows its end."""
        progress.waiting -= 1
        if not any(each.waiting for each in self.orders):
            self._known.set()

    async def _replace(self, process: Process, turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        if process not in self.processes:
            return
        process.dead = True
        self.processes.remove(process)
        await process.end()
        await self._start_after(process)

    async def _start_after(self, process: Process) -> None:
        """Give what *process* left undone to another one, as a broker does."""
        if not self.plan.calm:
            await asyncio.sleep(self.rng.uniform(0, 5))
        self._start([*process.taken, *process.todo], process.skew)

    def _start(self, todo: list[Progress], skew: float) -> None:
        self.lives += 1
        process = Process(self, todo, skew)
        self.processes.append(process)
        if self.steady:
            self._spawn(self._steps(process))
        else:
            self._spawn(self._leaves(process))
            if self.rng.random() < self.plan.harshness:
                process.light(self.rng.randrange(1, 1500), "kill")
        stops: list[Blow] = ["stop", "stop at a claim", "stop at a claim"]
        for blow in stops:
            if self.rng.random() < self.plan.harshness:
                process.light(self.rng.randrange(1, 800), blow)

    async def _stop(self, process: Process, seconds: float) -> None:
        """Let a process stand still for a while, as SIGSTOP and a paused machine do."""
        self.plan.met["51"] += 1
        await self._passes(process, seconds)
        if process.stopped:
            self._loop.go_on(process)

    async def _steps(self, process: Process) -> None:
        """Put the clock on the wall forward, by up to an hour, or back: that makes what is in doubt wait as long."""
        for _ in range(3):
            if not await self._passes(process, self.rng.uniform(2, 30)):
                return
            step = self.rng.choice([-20.0, 1.0, 60.0, 3600.0]) * self.rng.random()
            process.skew += step
            self.put_back += max(-step, 0.0)
            self.plan.met["53"] += 1

    async def _leaves(self, process: Process) -> None:
        """End a process in order, as after SIGTERM, with calls under way."""
        if self.rng.random() > self.plan.harshness or not await self._passes(process, self.rng.uniform(1, 300)):
            return
        if process.dead or process.stopped:
            return
        self.plan.met["43"] += 1
        self.processes.remove(process)
        await process.leave()
        await self._start_after(process)

    async def _passes(self, process: Process, seconds: float) -> bool:
        """Wait, and say whether *process* is still there, with things going wrong."""
        for _ in range(int(seconds) + 1):
            if self.plan.calm or process not in self.processes:
                return False
            await asyncio.sleep(min(seconds, 1.0))
        return True

    async def _until_all_are_taken(self) -> None:
        while any(process.todo for process in self.processes) or not self.processes:
            await asyncio.sleep(1)
            if self.network.broken:
                raise self.network.broken[0]
            if self.judge.wrong:
                raise WrongError

    async def left(self) -> Sequence[Entry]:
        """Give what is still to be settled in the journal."""
        return await self.store.listed(None, ["sending", "in_doubt"], after=None, limit=len(self.orders))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.Task(work, context=NOBODY)
        self._chaos[task] = None
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._chaos[task]
        if not task.cancelled() and (error := task.exception()) is not None:
            self.network.broken.append(error)

    def _shared_out(self) -> list[list[Progress]]:
        """Give each process its orders; some orders go to two of them."""
        count = 1 if self.steady else self.rng.choice([1, 2, 3])
        shared = 0.8 if self.believed.harsh else 0.3
        shares: list[list[Progress]] = [[] for _ in range(count)]
        for progress in self.orders:
            owners = self.rng.sample(range(count), 2 if count > 1 and self.rng.random() < shared else 1)
            progress.waiting = len(owners)
            if len(owners) > 1:
                self.plan.met["49"] += 1
            for owner in owners:
                shares[owner].append(progress)
        return shares

    def _order(self, number: int) -> Order:
        kind: Kind = self.rng.choice(["credit", "credit", "debit"])
        return Order(
            number=number,
            kind=kind,
            wallet=self.rng.randrange(self.sizes.wallets),
            amount=self.rng.randrange(1, 1000),
        )

    def _moment(self) -> datetime:
        """The time at the provider."""
        return datetime.fromtimestamp(EPOCH + self._loop.time(), UTC)


# A session loads these in a thread when it is opened first: while a thread works, virtual time runs away.
for _name in ("cattrs.gen", "wallet_async.engine.fast", "wallet_async.engine.transport.opening"):
    import_module(_name)


class _Clock(datetime):
    """The clock on the wall of the process that looks."""

    @classmethod
    def now(cls, tz: Any = None) -> datetime:
        host = HOST.get()
        assert isinstance(host, Process)
        return datetime.fromtimestamp(host.wall(), tz)
