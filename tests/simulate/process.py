"""A process of an application: one session with a journal, users that ask until they know, and an end of any kind."""

from __future__ import annotations

import asyncio
from contextvars import Context
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from tests.simulate.loop import HOST, Host
from tests.simulate.store import FaultyStore
from tests.simulate.user import Asking
from wallet_async.engine.limits import Limits
from wallet_async.engine.retry import RetryPolicy
from wallet_async.journal import Journal

if TYPE_CHECKING:
    from tests.simulate.orders import Progress
    from tests.simulate.world import World

EPOCH = datetime(2026, 1, 1, tzinfo=UTC).timestamp()

Blow = Literal["kill", "stop", "stop at a claim"]

_KILLED_AT = {
    "before load": "44a",
    "before claim": "44b",
    "after claim": "44c",
    "before the bytes": "44c",
    "after the bytes": "44d",
    "an answer": "44e",
    "before record": "44e",
    "after record": "44e",
}
"""Row of the matrix by the place where a process is killed."""


class Process(Host):
    """One life of a process."""

    def __init__(self, world: World, orders: list[Progress], skew: float) -> None:
        super().__init__()
        self.world = world
        self.todo = orders
        """What it has still to take."""
        self.taken: list[Progress] = []
        """What its users are waiting for."""
        self.skew = skew
        """Seconds that its wall clock is off."""
        self.session: Any = None
        self.over = asyncio.Event()
        """Set when it may end: until then it settles what is in doubt."""
        self.leaving = False
        """Whether it takes nothing more, as after SIGTERM."""
        self._places = 0
        self._fuses: list[tuple[int, Blow]] = []
        self._loop = asyncio.get_running_loop()
        self._context = Context()
        self._context.run(HOST.set, self)
        self.main = self._loop.create_task(self._main(), context=self._context)
        self.main.add_done_callback(self._ended)

    def wall(self) -> float:
        """Seconds since 1970 on its own clock."""
        return EPOCH + self._loop.time() + self.skew

    def light(self, fuse: int, blow: Blow) -> None:
        """Have it struck at the so-manieth place that it comes to from here."""
        self._fuses.append((fuse + self._places, blow))

    def touch(self, place: str) -> None:
        self._places += 1
        for fuse in [fuse for fuse in self._fuses if fuse[0] <= self._places and not self.dead]:
            if fuse[1] != "stop at a claim" or place == "after claim":
                self._fuses.remove(fuse)
                self.world.strike(self, fuse[1], place)

    def _ended(self, main: asyncio.Task[None]) -> None:
        if not main.cancelled() and (error := main.exception()) is not None and not self.dead:
            self.world.network.broken.append(error)

    async def leave(self) -> None:
        """End in order: take nothing more, close the session under the calls that wait."""
        self.leaving = True
        self.over.set()
        await self._loop.create_task(self.session.aclose(), context=self._context)
        await self.main

    async def end(self) -> None:
        """Clear away what is left of it once it is dead; none of that reaches the outside."""
        self._loop.go_on(self)  # type: ignore[attr-defined]
        while self.tasks:
            for task in list(self.tasks):
                task.cancel()
            await asyncio.wait(list(self.tasks))
        if self.session is not None:
            await self._loop.create_task(self.session.aclose(), context=self._context)

    def _journal(self) -> Journal:
        world = self.world
        return Journal(
            FaultyStore(world.store, self, world.plan, world.judge.proved),
            world.believed.settling,
            clock=lambda: int(self.wall() * 1e6),
            monotonic=self._loop.time,
        )

    def _session(self, **options: Any) -> Any:
        return self.world.side.session(
            on_event=self._heard,
            limits=Limits(max_in_flight=4, max_body=64 * 1024),
            retry=RetryPolicy(jitter=self.world.rng.random, retry_after_max=3.0),
            **options,
        )

    async def _main(self) -> None:
        self.session = self._session(journal=self._journal())
        async with self.session:
            await asyncio.gather(*(self._user() for _ in range(self.world.sizes.workers)))
            await self.over.wait()

    def _heard(self, event: Any) -> None:
        if not self.dead:
            self.world.judge.heard(event)

    async def _user(self) -> None:
        while self.todo and not self.leaving:
            progress = self.todo.pop(0)
            self.taken.append(progress)
            if not await Asking(self.world, self, progress).until_known():
                return
            self.taken.remove(progress)
            self.world.heard_of(progress)


class Auditor(Process):
    """Looks once at everything that is settled, as `wallet-async journal audit` does."""

    async def _main(self) -> None:
        async with self._session() as self.session:
            await self._journal().resolver(self.session).audit.everything()


def killed_at(place: str) -> str:
    """Give the row of the matrix of a kill at *place*; anywhere else it was settling."""
    return _KILLED_AT.get(place, "44f")
