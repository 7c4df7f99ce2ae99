"""Who reads the chunks: the protocol that every runner fits, and the one that reads in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from attrs import frozen

from wallet_async.engine.session import WalletSession
from wallet_async.provider import Provider
from wallet_async.reconcile.chunks import SIZE, Chunk, Job
from wallet_async.reconcile.reader import Tally, read_chunk
from wallet_async.reconcile.standing import Standing
from wallet_async.reconcile.state import State
from wallet_async.reconcile.wallets import chunks, figures

OnStanding = Callable[[Standing], object]

AT_ONCE = 2
"""Chunks read side by side: while the last wallets of one are waited for, the next has begun."""

_EVERY = 0.5
"""Seconds between two calls of `OnStanding`."""


@frozen(kw_only=True)
class Work:
    """What is to be read."""

    job: Job
    chunks: Iterator[Chunk]
    """Those that have no shard yet; read as they are asked for, for there may be very many."""
    folder: Path
    """Where their shards go."""
    done: int
    """Wallets whose shards are there."""
    total: int
    """Wallets in all."""

    def shard(self, chunk: Chunk) -> Path:
        """Name the shard of a chunk."""
        return self.folder / shard_name(chunk.number)


def shard_name(number: int) -> str:
    """Name the file of chunk *number*; shards sort as their chunks do."""
    return f"{number:06}.parquet"


def work_of(state: State, job: Job) -> Work:
    """Say what a run still has to read."""
    wallets = figures(state.wallets, state.spill).wallets
    there = {shard.name for shard in state.history.glob("*.parquet")}
    left = (chunk for chunk in chunks(state.wallets, state.spill) if shard_name(chunk.number) not in there)
    done = sum(min(SIZE, wallets - first) for first in range(0, wallets, SIZE) if shard_name(first // SIZE) in there)
    return Work(job=job, chunks=left, folder=state.history, done=done, total=wallets)


class Runner(Protocol):
    """Reads chunks, here or elsewhere."""

    @property
    def provider(self) -> Provider:
        """Whose wallets."""

    @property
    def place(self) -> str:
        """Where its requests go, as far as that is known here: an unfinished run is gone on with at the same place."""

    async def run(self, work: Work, on_standing: OnStanding) -> Standing:
        """Read every chunk of *work*; when it returns, each has its shard. Cancelled, it ends what it started.

        Raises:
            WalletError: No wallet can be read: wrong credentials, or the provider is out of reach.
        """


@frozen
class Local:
    """Reads in this process, through one session."""

    session: WalletSession
    provider: Provider

    @property
    def place(self) -> str:
        """Where the session's requests go."""
        return self.session.base_url

    async def run(self, work: Work, on_standing: OnStanding) -> Standing:
        """Read every chunk."""
        loop, tally = asyncio.get_running_loop(), Tally()
        begun, before = loop.time(), self.session.statistics()

        def standing() -> Standing:
            now = self.session.statistics()
            return Standing(
                wallets=work.done + tally.wallets,
                total=work.total,
                rows=tally.rows,
                requests=now.attempts - before.attempts,
                in_flight=now.in_flight,
                refused=now.throttled - before.throttled,
                failed=tally.failed,
                elapsed=loop.time() - begun,
            )

        async def read() -> None:
            for chunk in work.chunks:
                shard = work.shard(chunk)
                await read_chunk(self.session, self.provider, chunk, work.job, into=shard, tally=tally)

        return await together([read() for _ in range(AT_ONCE)], standing, on_standing)


async def together(
    works: Sequence[Coroutine[Any, Any, None]], standing: Callable[[], Standing], on_standing: OnStanding
) -> Standing:
    """Await all of *works*, and tell twice a second how far they are; give how far they were at the end."""

    async def tell() -> None:
        while True:
            on_standing(standing())
            await asyncio.sleep(_EVERY)

    telling = asyncio.create_task(tell())
    try:
        await _all(works)
    finally:
        telling.cancel()
    on_standing(last := standing())
    return last


async def _all(works: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Await all of them; the first error ends the others and is raised as it is."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
