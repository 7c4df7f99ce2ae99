"""Three processes hammer one rate, on a real Redis and a real PostgreSQL; one of them is stopped for a while."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import pytest

from tests.brokers.redis_server import RedisServer
from tests.reconcile.whole import whole
from wallet_async.rates.gcra import LATE, spacing

from .world import most

PER_SECOND = 200
EACH = 75
PROCESSES = 3
MOMENT = 0.05


async def started(url: str, name: str, kind: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-m", "tests.rates.hammer"),
        *(url, name, str(PER_SECOND), kind, str(EACH)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )


async def moments(process: asyncio.subprocess.Process, count: int) -> list[float]:
    """Read when so many of its requests left."""
    assert process.stdout is not None
    return [float(await process.stdout.readline()) for _ in range(count)]


async def hammered(url: str, name: str, kind: str) -> list[float]:
    """Give when all requests left. The first process is stopped from its 15th on, until the second has left 40 more."""
    shared = kind != "alone"
    processes = [await started(url, name if shared else f"{name}-{number}", kind) for number in range(PROCESSES)]
    for process in processes:
        assert process.stdin is not None
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
    first, second, third = processes
    left = await moments(first, 15)
    os.kill(first.pid, signal.SIGSTOP)
    left += await moments(second, 40)
    os.kill(first.pid, signal.SIGCONT)
    left += await moments(first, EACH - 15) + await moments(second, EACH - 40) + await moments(third, EACH)
    assert [await process.wait() for process in processes] == [0] * PROCESSES
    return left


def check(left: list[float]) -> None:
    """Assert the limit in every second, the spacing behind it at every moment, and that the rate was used."""
    found, burst = most(left), most(left, MOMENT)
    print(f"{len(left)} requests in {max(left) - min(left):.2f} s: at most {found} in a second, {burst} in {MOMENT} s")
    assert len(left) == EACH * PROCESSES
    assert found > PER_SECOND / 3
    most_at_a_moment = (MOMENT + LATE) * 1_000_000 // spacing(PER_SECOND) + 1
    assert (found <= PER_SECOND, burst <= most_at_a_moment) == (True, True)


@whole
async def test_three_processes(url: str, name: str) -> None:
    """Whatever second one looks at, all three together have not sent more than one rate allows."""
    check(await hammered(url, name, "shared"))


@whole
@pytest.mark.parametrize("kind", ["alone", "careless"])
async def test_three_processes_sabotaged(redis_server: RedisServer, name: str, kind: str) -> None:
    """Sabotaged twins: three with a rate each send more, and so does one that sends what it missed while stopped."""
    with pytest.raises(AssertionError, match="True, True"):
        check(await hammered(redis_server.url, name, kind))
