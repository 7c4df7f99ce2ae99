"""Somebody who wants an order booked and asks until there is an answer, as `docs/once.md` tells to."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tests.simulate.orders import End, Order, Progress
from wallet_async.engine.errors import (
    AuthenticationError,
    OutcomeUnknownError,
    RateLimitError,
    ResponseError,
    SessionClosedError,
    WalletError,
)
from wallet_async.journal import ReferenceConflictError

if TYPE_CHECKING:
    from tests.simulate.process import Process
    from tests.simulate.world import World

TIMEOUTS = (0.3, 2.0, 8.0)  # seconds
MOST_REFUSALS = 3


class Asking:
    """One user, one order, one process."""

    def __init__(self, world: World, process: Process, progress: Progress) -> None:
        self._world = world
        self._process = process
        self._progress = progress

    async def until_known(self) -> bool:
        """Ask until it is known what became of it; False if the process leaves before."""
        pause = self._world.rng.uniform(0.1, 1.0)
        while not self._process.leaving:
            end = await self._ask()
            if end is not None:
                self._progress.ends.append(end)
                if end == "applied":
                    await self._ask_too_often()
                return True
            await asyncio.sleep(pause)
            pause = min(2 * pause, 6.0)
        return False

    async def _ask(self) -> End | None:
        judge = self._world.judge
        asked, call = await self._call(self._progress.order.amount)
        if call.cancelled():
            return None
        match call.exception():
            case None:
                judge.receipt(asked, call.result())
                return "applied"
            case OutcomeUnknownError():
                judge.unknown()
                return None
            case SessionClosedError() as error:
                judge.failed(asked, error)
                self._process.leaving = True
                return None
            case WalletError() as error:
                judge.failed(asked, error)
                return "refused" if self._gives_up(error) else None
            case error:
                raise AssertionError("only this project's errors may come out") from error

    def _gives_up(self, error: WalletError) -> bool:
        if not isinstance(error, ResponseError) or isinstance(error, AuthenticationError | RateLimitError):
            return False
        self._progress.refusals += 1
        return self._progress.refusals >= MOST_REFUSALS or self._world.rng.random() < 0.3

    async def _ask_too_often(self) -> None:
        """Ask once more for what is booked, perhaps with another amount: neither may send anything."""
        if not self._world.plan.happens(0.2):
            return
        other = self._world.plan.happens(1.0, "50")
        asked, call = await self._call(self._progress.order.amount + other)
        if call.cancelled():
            return
        self._world.judge.again(asked)
        error = call.exception()
        if other and not isinstance(error, ReferenceConflictError) and not _could_not_look(error):
            self._world.judge.wrong.append(f"{self._progress.order.reference}: another amount gave {error!r}")

    async def _call(self, amount: int) -> tuple[Any, asyncio.Task[Any]]:
        """Call once, with a deadline, and perhaps cancel it; nobody hears of the end if the process is dead."""
        world, loop = self._world, asyncio.get_running_loop()
        order: Order = self._progress.order
        timeout = TIMEOUTS[-1] if world.plan.calm else world.rng.choice(TIMEOUTS)
        asked = world.judge.asks(self._progress, loop.time())
        call = loop.create_task(world.side.write(self._process.session, order, amount, timeout))
        call.add_done_callback(_look_at)
        try:
            if world.plan.happens(0.3):
                await self._cancel(call)
            await asyncio.wait([call])
        finally:
            world.judge.ends(asked)
        if self._process.dead:
            raise asyncio.CancelledError
        if call.cancelled():
            left = len(world.provider.sent.get(world.side.key(order), ())) > asked.sent
            world.plan.met["40" if left else "11"] += 1
        return asked, call

    async def _cancel(self, call: asyncio.Task[Any]) -> None:
        """Cancel at any step of the loop, or at any time."""
        rng = self._world.rng
        if rng.random() < 0.5:
            for _ in range(rng.randrange(60)):
                await asyncio.sleep(0)
        else:
            await asyncio.sleep(rng.uniform(0, 0.3))
        call.cancel()


def _look_at(call: asyncio.Task[Any]) -> None:
    """Look at how it ended, in place of a user who has died with the process."""
    if not call.cancelled():
        call.exception()


def _could_not_look(error: BaseException | None) -> bool:
    return isinstance(error, WalletError)
