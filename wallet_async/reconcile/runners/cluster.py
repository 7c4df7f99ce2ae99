"""`Cluster`: reads with the workers of a Dask cluster (distributed), on as many machines as it has."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import Any, cast

import anyio
from attrs import asdict, field, frozen

from wallet_async.engine.checks import reject
from wallet_async.engine.errors import ConnectError, InvalidInputError, WalletError
from wallet_async.engine.limits import Timeouts
from wallet_async.provider import Provider
from wallet_async.reconcile.chunks import Chunk
from wallet_async.reconcile.files import replacing
from wallet_async.reconcile.reader import Tally
from wallet_async.reconcile.runners.board import Board, Report
from wallet_async.reconcile.runners.station import Order, Station
from wallet_async.reconcile.running import AT_ONCE, OnStanding, Work, together
from wallet_async.reconcile.standing import Standing

try:
    from distributed import Client as _Client
    from distributed import KilledWorker, Worker, WorkerPlugin, get_worker
    from distributed.client import FutureCancelledError
    from distributed.exceptions import WorkerStartTimeoutError
except ImportError:
    raise InvalidInputError("reading with a Dask cluster needs distributed: pip install 'wallet-async[dask]'") from None

Client: Any = _Client  # its methods give awaitables only when it is asynchronous, which no type says

_EVERY = 1.0
"""Seconds between two reports of a worker."""
_PATIENCE = 30.0
"""Seconds to wait for the scheduler, and for its first worker."""


@frozen(kw_only=True)
class Cluster:
    """Reads with every worker of a Dask cluster; workers may come and go, and be killed.

    Each worker has one session, which it makes from its own environment: no credential leaves a machine. It needs this
    package and the provider's installed; nothing of the own ledger reaches it but the names of wallets. A worker reads
    as many chunks at once as it has threads, so give it two: ``dask worker tcp://scheduler:8786 --nthreads 2``.
    """

    provider: Provider
    """Whose wallets."""
    address: str
    """Of the scheduler, such as ``tcp://10.0.0.5:8786``."""
    rate: float | None = None
    """Requests a second at most, of all workers together; each finds the store of it in its environment (`PACE`)."""
    timeouts: Timeouts = field(factory=Timeouts)
    """Of their sessions."""

    @property
    def place(self) -> str:
        """The scheduler: where requests go is known to its workers alone."""
        return self.address

    async def run(self, work: Work, on_standing: OnStanding) -> Standing:
        """Read every chunk; see `Runner`.

        Raises:
            ConnectError: The scheduler does not answer, or has no worker.
            WalletError: No wallet can be read, or one chunk has ended too many workers.
        """
        now = asyncio.get_running_loop().time
        board = Board(done=work.done, total=work.total, now=now())
        order = Order(job=work.job, rate=self.rate, processes=None, timeouts=self.timeouts)
        name = f"wallet-async-{token_hex(4)}"
        async with _connected(self.address) as client:
            client.subscribe_topic(name, lambda event: board.hear(*_heard(event[1]), now()))
            await client.register_plugin(Reading(order, name), name)
            try:
                hand_out = _hand_out(client, name, work, board)
                return await together([hand_out], lambda: board.standing(now()), on_standing)
            finally:
                with suppress(OSError):  # the scheduler may be gone, and what the run ends with says so
                    await client.unregister_worker_plugin(name)


class Reading(WorkerPlugin):
    """What a worker reads with, as long as a run lasts."""

    def __init__(self, order: Order, topic: str) -> None:
        self._order = order
        self._topic = topic

    async def setup(self, worker: Worker) -> None:
        """Begin, on a worker that is there or joins."""
        self.station: Station = Station(self._order, os.environ)
        self._telling = asyncio.create_task(self._tell(worker))

    async def teardown(self, worker: Worker) -> None:  # noqa: ARG002 - the name is distributed's
        """End what is being read, and close the session."""
        self._telling.cancel()
        await self.station.aclose()

    async def _tell(self, worker: Worker) -> None:
        while True:
            await asyncio.sleep(_EVERY)
            if (report := self.station.report()).under_way:  # the last one comes with the shard
                worker.log_event(self._topic, {"worker": worker.address, **asdict(report)})


@frozen
class Shard:
    """What a worker gives back of a chunk."""

    worker: str
    data: bytes
    """The Parquet file."""
    tally: Tally
    report: Report


async def read_there(name: str, chunk: Chunk) -> Shard:
    """Read a chunk on a worker, in its event loop."""
    worker = get_worker()
    station = cast("Reading", worker.plugins[name]).station
    with tempfile.TemporaryDirectory(prefix="wallet-async-") as folder:
        path = Path(folder) / "shard.parquet"
        tally = await station.read(chunk, path)
        return Shard(worker.address, await anyio.Path(path).read_bytes(), tally, station.report())


async def _hand_out(client: Any, name: str, work: Work, board: Board) -> None:
    """Give chunks to the cluster: as many at once as keep its workers busy, so that little is held in memory."""
    now = asyncio.get_running_loop().time

    async def read(chunk: Chunk) -> None:
        future = client.submit(read_there, name, chunk, key=f"{name}-{chunk.number}")
        try:
            shard: Shard = await future
        except KilledWorker:
            raise WalletError(f"chunk {chunk.number} ended every worker that read it") from None
        except FutureCancelledError:
            raise WalletError("the Dask scheduler has ended, or forgotten what it was given") from None
        finally:
            future.release()  # what waits for a worker is taken back, too, where the run ends early
        with replacing(work.shard(chunk)) as part:
            await anyio.Path(part).write_bytes(shard.data)
        board.hear(shard.worker, shard.report, now())
        board.end(chunk, shard.tally)

    under_way: set[asyncio.Task[None]] = set()
    try:
        for chunk in work.chunks:
            under_way.add(asyncio.create_task(read(chunk)))
            while len(under_way) >= AT_ONCE * max(1, client.scheduler_info()["total_threads"]):
                ended, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                await asyncio.gather(*ended)
        await asyncio.gather(*under_way)
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


@asynccontextmanager
async def _connected(address: str) -> AsyncIterator[Any]:
    """Connect to a cluster that has a worker."""
    client = Client(address, asynchronous=True, set_as_default=False, timeout=_PATIENCE)
    try:
        try:
            await client
            await client.wait_for_workers(1, timeout=_PATIENCE)
        except ValueError:
            raise reject("address", address, "that of a Dask scheduler, such as 'tcp://10.0.0.5:8786'") from None
        except WorkerStartTimeoutError:
            raise ConnectError(f"the Dask scheduler at {address} has no worker") from None
        except OSError:  # TimeoutError is one
            raise ConnectError(f"no Dask scheduler answers at {address}") from None
        yield client
    finally:
        await client.close()


def _heard(message: Mapping[str, Any]) -> tuple[str, Report]:
    """Read what a worker has said; see `Reading`."""
    said = dict(message)
    under_way = {int(number): Tally(**tally) for number, tally in said.pop("under_way").items()}
    return said.pop("worker"), Report(under_way=under_way, **said)
