"""What one of several processes reads with: one session of its own, made from its own environment."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

from attrs import field, frozen

from wallet_async.engine.errors import InvalidInputError
from wallet_async.engine.limits import Limits, Timeouts
from wallet_async.engine.session import WalletSession
from wallet_async.provider import load_provider
from wallet_async.rates import SharedRate
from wallet_async.reconcile.chunks import Chunk, Job
from wallet_async.reconcile.reader import Tally, read_chunk
from wallet_async.reconcile.runners.board import Report

PACE = "WALLET_ASYNC_PACE"
"""The variable whose value is the URL of the store through which processes share a rate (`SharedRate.open`). It stands
in the environment, as credentials do, since it may hold a password: nothing secret is sent from process to process."""


@frozen(kw_only=True)
class Order:
    """What a process is to do. It is pickled, and holds no secret."""

    job: Job
    rate: float | None
    """Requests a second at most, of all processes together; None for no bound."""
    processes: int | None
    """Among how many the rate is divided where no store is named; None if nobody knows how many there will be."""
    timeouts: Timeouts = field(factory=Timeouts)
    """Of each process's session."""


class Station:
    """Reads chunks through one session, which is opened when the first one comes.

    Args:
        order: What is to be read.
        environ: Where credentials, and the store of a shared rate, are taken from.
    """

    def __init__(self, order: Order, environ: Mapping[str, str]) -> None:
        self._order = order
        self._environ = environ
        self._provider = load_provider(order.job.provider)
        self._opening = asyncio.Lock()
        self._stack = AsyncExitStack()
        self._session: WalletSession | None = None
        self._under_way: dict[int, Tally] = {}

    async def read(self, chunk: Chunk, into: Path) -> Tally:
        """Read a chunk, as `read_chunk` does.

        Raises:
            InvalidInputError: The environment lacks credentials, or the store of a rate.
            WalletError: No wallet can be read.
        """
        async with self._opening:
            if self._session is None:
                self._session = await self._open()
        tally = self._under_way[chunk.number] = Tally()
        try:
            await read_chunk(self._session, self._provider, chunk, self._order.job, into=into, tally=tally)
        finally:
            del self._under_way[chunk.number]
        return tally

    async def _open(self) -> WalletSession:
        session = self._provider.session(self._environ, limits=await self._limits(), timeouts=self._order.timeouts)
        return await self._stack.enter_async_context(session)

    async def _limits(self) -> Limits:
        rate, processes, at_once = self._order.rate, self._order.processes, self._order.job.concurrency
        url = self._environ.get(PACE)
        if rate is not None and url:
            shared = await SharedRate.open(url, name=self._provider.name, per_second=rate)
            return Limits(max_in_flight=at_once, pace=await self._stack.enter_async_context(shared))
        if rate is not None and processes is None:
            raise InvalidInputError(
                f"a cluster keeps to a rate through a store: start each worker with {PACE}=redis://… or postgresql://…"
            )
        return Limits(max_in_flight=at_once, rate=rate and rate / (processes or 1))

    def report(self) -> Report:
        """Say how far it is."""
        if self._session is None:
            return Report(under_way={}, requests=0, in_flight=0, refused=0)
        now = self._session.statistics()
        return Report(
            under_way=dict(self._under_way), requests=now.attempts, in_flight=now.in_flight, refused=now.throttled
        )

    async def aclose(self) -> None:
        """Close the session; what is being read ends with an error."""
        await self._stack.aclose()
