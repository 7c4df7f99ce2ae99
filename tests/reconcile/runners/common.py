"""Wallets of a sandbox in small chunks, and what one process makes of them."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from rehook_async.provider import provider
from rehook_async.sandbox import RehookApi
from tests.journal.postgres_server import until
from wallet_async.reconcile.chunks import Job, cut
from wallet_async.reconcile.model import wallet_text
from wallet_async.reconcile.running import Local, Work
from wallet_async.reconcile.standing import Standing
from wallet_async.sandbox import FaultPlan, Sandbox
from wallet_async.sandbox.api import Answer, Request

KEYS = ("sandbox-api-key", "canary-secret-9q2x")
WALLETS = 120
EACH = 10
"""Wallets of a chunk."""
REQUESTS = WALLETS * 2
"""One for the balance, one for a history of less than a page."""
ROWS = 15


class Watched(RehookApi):
    """Writes down when requests arrive."""

    def __init__(self) -> None:
        super().__init__(*KEYS, balances=True)
        self.arrived: list[float] = []

    def answer(self, request: Request) -> Answer:
        self.arrived.append(time.monotonic())
        return super().answer(request)


def filled() -> Watched:
    """Make a stand-in with wallets in it."""
    api = Watched()
    for key in keys():
        api.add_wallet(*key, balance=0)
        for row in range(ROWS):
            moment = datetime(2026, 1, 1 + row, tzinfo=UTC)
            api.ledger.append(key, "credit", Decimal(row + 1) / 8, created_at=moment)
    return api


def keys() -> list[tuple[str, str]]:
    return [(f"customer-{number:03}", f"waty_{number:03}") for number in range(WALLETS)]


def sandbox(latency: str = "5ms", *, port: int = 0) -> Sandbox[Watched]:
    return Sandbox(filled(), faults=FaultPlan.parse(f"latency {latency}", seed=1), port=port)


def environ(url: str) -> dict[str, str]:
    """Give an environment with credentials."""
    named = zip(("REHOOK_API_KEY", "REHOOK_SECRET_KEY", "REHOOK_BASE_URL"), (*KEYS, url), strict=True)
    return {**os.environ, **dict(named)}


def work(folder: Path, *, concurrency: int = 4) -> Work:
    """Give all chunks to read into *folder*."""
    folder.mkdir(exist_ok=True)
    chunks = cut(map(wallet_text, keys()), EACH)
    return Work(
        job=Job(provider="rehook", concurrency=concurrency), chunks=chunks, folder=folder, done=0, total=WALLETS
    )


def ledger_of(path: Path) -> Path:
    """Write a ledger that says what the stand-in holds, but for three lines: one more, one less, one with more."""
    lines = [f"{','.join(key)},{Decimal(row + 1) / 8}" for key in keys() for row in range(ROWS)]
    lines[7] += "5"
    lines[100:101] = []
    lines.append(f"{','.join(keys()[3])},77")
    path.write_text("\n".join(["source_id,wallet_id,amount", *lines, ""]))
    return path


async def by_one(environ: Mapping[str, str], folder: Path) -> None:
    """Read everything in this process."""
    async with provider.session(environ) as session:
        await Local(session, provider).run(work(folder), list[Standing]().append)


def shards(folder: Path) -> dict[str, bytes]:
    """Give the files in a folder, all of them."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def check_same(folder: Path, expected: Path) -> None:
    """Assert that two runs read the same, byte for byte, and left nothing else."""
    assert len(shards(expected)) == WALLETS // EACH
    assert shards(folder) == shards(expected)


def check_whole(standing: Standing) -> None:
    """Assert that the last standing counts everything once, whatever was read twice."""
    assert (standing.wallets, standing.total, standing.rows) == (WALLETS, WALLETS, WALLETS * ROWS)
    assert (standing.failed, standing.in_flight) == (0, 0)


def children(pid: int, named: str) -> list[int]:
    """Give the processes that *pid* has started and that still run, by a word of their command line."""
    found = map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    return [child for child in found if _runs(child) and named.encode() in Path(f"/proc/{child}/cmdline").read_bytes()]


async def kill_one(sandbox: Sandbox[Any], workers: Callable[[], list[int]], *, after: int = REQUESTS // 3) -> None:
    """Kill a worker as soon as so many requests have come."""

    async def reached() -> bool:
        return sandbox.observed.requests.total() >= after

    await until(reached)
    assert sandbox.observed.requests.total() < REQUESTS
    os.kill(workers()[0], signal.SIGKILL)


async def gone(pids: list[int]) -> None:
    """Wait until none of these processes runs."""

    async def ended() -> bool:
        return not any(map(_runs, pids))

    await until(ended)


def _runs(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


async def running(task: asyncio.Task[Any], sandbox: Sandbox[Any]) -> None:
    """Wait until a run has sent something."""

    async def begun() -> bool:
        assert not task.done(), task.exception()
        return sandbox.observed.requests.total() > REQUESTS // 4

    await until(begun)
