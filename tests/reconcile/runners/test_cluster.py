"""A real Dask cluster of three processes: the same shards as one makes, one rate for all, killed workers survived."""

from __future__ import annotations

import asyncio
import os
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehook_async.provider import provider
from rehook_async.sandbox import RehookApi
from tests.brokers.redis_server import RedisServer, redis_server  # noqa: F401 - fixtures
from tests.kit import closed_port
from tests.rates.world import most
from tests.reconcile.whole import whole
from wallet_async.engine.errors import AuthenticationError, ConnectError, InvalidInputError, WalletError
from wallet_async.reconcile import CsvLedger, reconcile
from wallet_async.reconcile.chunks import Job
from wallet_async.reconcile.runners import PACE
from wallet_async.reconcile.runners.station import Order
from wallet_async.reconcile.standing import Standing
from wallet_async.sandbox import Sandbox

from .common import EACH, KEYS, REQUESTS, by_one, check_same, check_whole, environ, kill_one, ledger_of, sandbox, work

distributed = pytest.importorskip("distributed", reason="distributed is not installed: pip install distributed")
pytestmark = whole
PER_SECOND = 150


@pytest.fixture(scope="module")
def port() -> int:
    """Give the port on which the sandbox of each test listens: workers know it from their environment."""
    with closed_port() as free:
        return free


@pytest.fixture(scope="module")
def local(port: int, redis_server: RedisServer) -> Iterator[Any]:  # noqa: F811
    """Give a cluster of three workers, each a process that a nanny starts anew when it is killed."""
    names = ("REHOOK_API_KEY", "REHOOK_SECRET_KEY", "REHOOK_BASE_URL")
    environment = environ(f"http://127.0.0.1:{port}")
    with (
        distributed.LocalCluster(
            n_workers=3,
            threads_per_worker=2,
            processes=True,
            dashboard_address=None,
            env={**{name: environment[name] for name in names}, PACE: redis_server.url},
        ) as cluster,
    ):
        yield cluster


async def read(address: str, folder: Path, **options: Any) -> Standing:
    from wallet_async.reconcile.runners.cluster import Cluster

    seen: list[Standing] = []
    runner = Cluster(provider=provider, address=address, **options)
    last = await runner.run(work(folder), seen.append)
    assert seen[-1] == last
    return last


async def test_a_killed_worker(local: Any, port: int, tmp_path: Path) -> None:
    """Three workers, one killed in mid-run: the shards are what one process writes, and the rate was kept to."""
    from .recording import Recording, moments

    async with (
        distributed.Client(local.scheduler_address, asynchronous=True, set_as_default=False) as client,
        sandbox("0ms", port=port) as provided,
    ):
        await client.register_plugin(Recording(tmp_path), "recording")
        workers = [*(await client.run(os.getpid)).values()]
        run = asyncio.create_task(read(local.scheduler_address, tmp_path / "cluster", rate=PER_SECOND))
        await kill_one(provided, lambda: workers)
        standing = await run
        await client.unregister_worker_plugin("recording")
        arrived = list(provided.api.arrived)
        await by_one(environ(provided.url), tmp_path / "one")
        assert provided.observed.commits == 0
    check_same(tmp_path / "cluster", tmp_path / "one")
    check_whole(standing)
    left = moments(tmp_path)
    took = max(left) - min(left)
    print(f"{len(left)} requests in {took:.2f} s: in one second {most(left)} left at most, {most(arrived)} arrived")
    assert len(left) >= len(arrived) >= REQUESTS
    assert PER_SECOND / 3 < most(left) <= PER_SECOND
    assert most(arrived) <= PER_SECOND * 1.05


async def test_a_cluster_ends_as_one_process(
    local: Any, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole reconciliation, with a worker killed in mid-run: the same differences byte for byte, and figures."""
    from wallet_async.reconcile.runners.cluster import Cluster

    monkeypatch.setattr("wallet_async.reconcile.wallets.cut.__defaults__", (EACH,))
    monkeypatch.setattr("wallet_async.reconcile.running.SIZE", EACH)
    ledger = CsvLedger(ledger_of(tmp_path / "ledger.csv"))
    async with (
        distributed.Client(local.scheduler_address, asynchronous=True, set_as_default=False) as client,
        sandbox(port=port) as provided,
        provider.session(environ(provided.url)) as session,
    ):
        one = await reconcile(session, ledger, state=tmp_path / "one")
        provided.observed.reset()
        workers = [*(await client.run(os.getpid)).values()]
        cluster = Cluster(provider=provider, address=local.scheduler_address)
        run = asyncio.create_task(reconcile(cluster, ledger, state=tmp_path / "cluster", concurrency=4))
        await kill_one(provided, lambda: workers)
        many = await run
    assert sum(one.summary.differences.values()) == 4  # without a reference another amount is another movement
    assert many.summary == one.summary
    assert many.state.differences.read_bytes() == one.state.differences.read_bytes()


async def test_a_killed_worker_that_may_not_be(local: Any, port: int, tmp_path: Path) -> None:
    """Sabotaged twin: where no failure is allowed the same run ends with an error, and misses shards."""
    scheduler = local.scheduler
    allowed, scheduler.allowed_failures = scheduler.allowed_failures, 0
    try:
        async with (
            distributed.Client(local.scheduler_address, asynchronous=True, set_as_default=False) as client,
            sandbox(port=port) as provided,
        ):
            workers = [*(await client.run(os.getpid)).values()]
            run = asyncio.create_task(read(local.scheduler_address, tmp_path / "cluster"))
            await kill_one(provided, lambda: workers)
            with pytest.raises(WalletError, match="ended every worker that read it"):
                await run
    finally:
        scheduler.allowed_failures = allowed


async def test_wrong_credentials(local: Any, port: int, tmp_path: Path) -> None:
    """The error of a worker ends the run as it is, and the workers are left without what they read with."""
    async with (
        distributed.Client(local.scheduler_address, asynchronous=True, set_as_default=False) as client,
        Sandbox(RehookApi(KEYS[0], "another-secret"), port=port),
    ):
        with pytest.raises(AuthenticationError):
            await read(local.scheduler_address, tmp_path / "none")
        plugins = await client.run(lambda dask_worker: [*dask_worker.plugins])
        assert not [name for names in plugins.values() for name in names if "wallet" in name]


async def test_no_scheduler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody answers the run ends before anything is done."""
    from wallet_async.reconcile.runners import cluster

    monkeypatch.setattr(cluster, "_PATIENCE", 0.2)
    with closed_port() as nobody, pytest.raises(ConnectError, match="no Dask scheduler answers at tcp://127"):
        await read(f"tcp://127.0.0.1:{nobody}", tmp_path / "none")
    with pytest.raises(InvalidInputError, match="that of a Dask scheduler"):
        await read("redis://127.0.0.1", tmp_path / "none")


def test_no_secret_is_sent() -> None:
    """What goes to the workers holds no credential, whatever this process has in its environment."""
    from wallet_async.reconcile.runners.cluster import Reading

    order = Order(job=Job(provider="rehook"), rate=90.0, processes=None)
    assert KEYS[1].encode() not in pickle.dumps(Reading(order, "topic"))
