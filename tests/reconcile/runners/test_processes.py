"""Several processes on one machine: the same shards as one makes, whatever kills them, and nothing left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from rehook_async.provider import provider
from tests.reconcile.whole import whole
from wallet_async.engine.errors import AuthenticationError, InvalidInputError, WalletError
from wallet_async.reconcile.chunks import Chunk, Job
from wallet_async.reconcile.reader import Tally
from wallet_async.reconcile.runners import PACE, Processes
from wallet_async.reconcile.runners.messages import frame
from wallet_async.reconcile.runners.processes import _EndedError, _Seat
from wallet_async.reconcile.runners.station import Order, Station
from wallet_async.reconcile.standing import Standing

from .common import (
    KEYS,
    REQUESTS,
    by_one,
    check_same,
    check_whole,
    children,
    environ,
    gone,
    kill_one,
    running,
    sandbox,
    work,
)

WORKER = "runners.worker"


async def read(environ: Mapping[str, str], folder: Path, count: int = 2, **options: Any) -> Standing:
    seen: list[Standing] = []
    runner = Processes(provider=provider, count=count, environ=environ, **options)
    last = await runner.run(work(folder), seen.append)
    assert seen[-1] == last
    assert [standing.wallets for standing in seen] == sorted(standing.wallets for standing in seen)
    return last


def mine() -> list[int]:
    return children(os.getpid(), WORKER)


async def test_the_same_as_one_process(tmp_path: Path) -> None:
    """Two processes write what one writes, byte for byte; each request is counted, and no process is left."""
    async with sandbox("0ms") as provided:
        await by_one(environ(provided.url), tmp_path / "one")
        standing = await read(environ(provided.url), tmp_path / "two")
    check_same(tmp_path / "two", tmp_path / "one")
    check_whole(standing)
    assert standing.requests == REQUESTS
    assert mine() == []


async def check_a_killed_one(folder: Path) -> None:
    """Assert that a run in which a process is killed ends with what one process writes."""
    async with sandbox() as provided, asyncio.TaskGroup() as tasks:
        run = tasks.create_task(read(environ(provided.url), folder / "killed"))
        await kill_one(provided, mine)
        standing = await run
        await by_one(environ(provided.url), folder / "one")
    # What a process leaves that is killed is taken away when the run goes on.
    for left in (folder / "killed").glob(".*"):
        assert left.name.startswith(".chunk-")
        left.rename(folder / left.name)
    check_same(folder / "killed", folder / "one")
    check_whole(standing)
    assert standing.requests >= REQUESTS


@whole
async def test_a_killed_process(tmp_path: Path) -> None:
    """It is replaced, and what it was reading is read anew."""
    await check_a_killed_one(tmp_path)


@whole
async def test_a_killed_process_whose_chunks_are_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sabotaged twin: whoever takes what a killed process was reading for read misses shards."""

    async def once(seat: _Seat, chunk: Chunk, into: Path) -> Tally:
        process = await seat._process()
        try:
            return await process.read(chunk, into)
        except _EndedError:
            await seat._bury(process)
            return Tally()

    monkeypatch.setattr(_Seat, "read", once)
    with pytest.raises(AssertionError):
        await check_a_killed_one(tmp_path)


@whole
async def test_processes_that_cannot_live(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Where one after the other ends, the run ends too, and says so."""
    broken = {**os.environ, "PYTHONHOME": str(tmp_path)}
    with pytest.raises(WalletError, match="3 processes ended one after the other while reading, the last with exit"):
        await read(broken, tmp_path / "none", 1)
    assert mine() == []


async def test_wrong_credentials(tmp_path: Path) -> None:
    """The error of any process ends the run, as it is."""
    async with sandbox("0ms") as provided:
        with pytest.raises(AuthenticationError):
            await read({**environ(provided.url), "REHOOK_SECRET_KEY": "wrong-secret"}, tmp_path / "none", 1)
    assert mine() == []


@whole
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
async def test_whoever_started_them_ends(tmp_path: Path, how: signal.Signals) -> None:
    """Interrupted or killed, it leaves no process, and none of them complains."""
    async with sandbox() as provided:
        driver = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.reconcile.runners.driver", str(tmp_path / "some")),
            stderr=asyncio.subprocess.PIPE,
            env=environ(provided.url),
        )
        waiting = asyncio.create_task(driver.communicate())
        await running(waiting, provided)
        workers = children(driver.pid, WORKER)
        assert workers
        os.kill(driver.pid, how)
        _, said = await waiting
        await gone(workers)
    assert said == b""
    assert how == signal.SIGKILL or not list((tmp_path / "some").glob(".*"))
    assert driver.returncode == (0 if how == signal.SIGINT else -signal.SIGKILL)


ORDER = Order(job=Job(provider="rehook", concurrency=8), rate=90.0, processes=3)


async def test_a_rate_is_divided() -> None:
    """Without a store each process has its part of the rate; without a rate none is bounded."""
    limits = await Station(ORDER, {})._limits()
    assert (limits.rate, limits.pace, limits.max_in_flight) == (30.0, None, 8)
    limits = await Station(Order(job=ORDER.job, rate=None, processes=3), {PACE: "redis://nobody"})._limits()
    assert (limits.rate, limits.pace) == (None, None)


async def test_an_environment_without_credentials(tmp_path: Path) -> None:
    """Nothing is sent."""
    with pytest.raises(InvalidInputError, match="REHOOK_API_KEY"):
        await Station(ORDER, {}).read(Chunk(0, ("a\tb",)), tmp_path / "shard")


async def test_a_rate_without_a_store() -> None:
    """Among nobody knows how many it cannot be divided."""
    with pytest.raises(InvalidInputError, match="start each worker with WALLET_ASYNC_PACE="):
        await Station(Order(job=ORDER.job, rate=90.0, processes=None), {})._limits()


def test_no_secret_is_shown_or_sent() -> None:
    """What is said to a process, and what is shown of a run, holds no credential."""
    runner = Processes(provider=provider, count=2, environ=environ("http://127.0.0.1:1"))
    assert KEYS[1].encode() not in frame(ORDER)
    assert KEYS[1] not in repr(runner)
