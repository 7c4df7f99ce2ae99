"""kill -9 before every system call of one movement: what it leaves is settled, booked once, and the receipt is true."""

from __future__ import annotations

import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tests.crash import figures, points
from tests.crash.child import Job, Mark
from tests.crash.lane import Lane, Where, anew
from tests.crash.long import ALL, EVERY_CASE, only_long
from tests.crash.points import Point
from tests.faults.providers import CLIENTS
from tests.journal.postgres_server import PostgresServer, installed
from wallet_async.engine.calls import Kind

SHARE = 3
"""Points of a case otherwise."""
LANES = 2
MOVES = [*product(CLIENTS, ("credit", "debit"), ("cold", "warm"))]
SETTLES = [*product(CLIENTS, ("before", "after"))]

pytestmark = [
    pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system knows no kill -9"),
    pytest.mark.usefixtures("traced"),
    pytest.mark.timeout(1200),
]


@asynccontextmanager
async def lanes(provider: str, journal: Callable[[int], Callable[[str], str]]) -> AsyncIterator[list[Lane]]:
    """Run some stand-ins side by side, each with journals of its own."""
    async with AsyncExitStack() as stack:
        opened = [Lane(CLIENTS[provider], journal(number)) for number in range(LANES)]
        for lane in opened:
            await stack.enter_async_context(lane.sandbox)
        yield opened


def chosen(found: list[Point]) -> list[Point]:
    """Give all of the points, or some of them."""
    seed = random.randrange(2**32)
    print(f"seed {seed}, {len(found)} points")
    return found if ALL else random.Random(seed).sample(found, SHARE)


Prepare = Callable[[Lane], Awaitable[Job]]


async def check(case: str, at: list[Lane], prepare: Prepare, log: Path) -> None:
    """Kill a child at each point on its way.

    Raises:
        AssertionError: A movement was lost or doubled, or a receipt was not true.
    """
    found = await points.found(at[0], await prepare(at[0]), log)
    left = await points.swept(at, chosen(found), prepare)
    figures.tell("kill -9 before every system call", case=case, calls=len(found), **left)
    if ALL:  # how often a loop waits is never quite the same
        assert left["not reached"] <= left.total() / 3


def moving(kind: Kind, mark: Mark, **more: Any) -> Prepare:
    """Begin with nothing."""

    async def prepare(lane: Lane) -> Job:
        return lane.job(kind, mark, **more)

    return prepare


def settling(kind: Kind, where: Where) -> Prepare:
    """Begin with a movement that is in doubt, booked or not."""

    async def prepare(lane: Lane) -> Job:
        job = lane.job(kind, "settling")
        await lane.lose(job, where)
        return job

    return prepare


Files = Callable[[int], Callable[[str], str]]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Name journals in files, one for each lane."""
    return lambda number: lambda _: f"sqlite:///{tmp_path}/{number}.db"


@pytest.fixture
async def databases(postgres: PostgresServer) -> Files:
    """Name journals on a server, one for each lane."""
    urls = [postgres.url(await installed(postgres)) for _ in range(LANES)]
    return lambda number: lambda _: urls[number]


@pytest.mark.parametrize(("provider", "kind", "mark"), MOVES if EVERY_CASE else [("rehook", "credit", "cold")])
async def test_a_movement(provider: str, kind: Kind, mark: Mark, files: Files, tmp_path: Path) -> None:
    """The journal in a file; closing it, which brings its log into the file, is a part of the way."""
    async with lanes(provider, files) as at:
        await check(f"SQLite, {provider}, {kind}, {mark}", at, moving(kind, mark), tmp_path / "log")


@only_long
@pytest.mark.parametrize(("provider", "kind", "mark"), MOVES)
async def test_a_movement_by_a_server(provider: str, kind: Kind, mark: Mark, databases: Files, tmp_path: Path) -> None:
    """The journal in PostgreSQL."""
    async with lanes(provider, databases) as at:
        await check(f"PostgreSQL, {provider}, {kind}, {mark}", at, moving(kind, mark), tmp_path / "log")


@only_long
async def test_opening(tmp_path: Path) -> None:
    """The same from before there is a journal."""
    async with lanes("rehook", lambda number: anew(tmp_path / str(number))) as at:
        await check("SQLite, rehook, credit, opening", at, moving("credit", "opening"), tmp_path / "log")


@only_long
@pytest.mark.parametrize(("provider", "where"), SETTLES)
async def test_settling(provider: str, where: Where, files: Files, tmp_path: Path) -> None:
    """What is in doubt is settled, and sent again if it was not booked, whenever that ends."""
    async with lanes(provider, files) as at:
        await check(f"SQLite, {provider}, settling, {where}", at, settling("credit", where), tmp_path / "log")


@only_long
@pytest.mark.parametrize(("provider", "where"), SETTLES)
async def test_settling_by_a_server(provider: str, where: Where, databases: Files, tmp_path: Path) -> None:
    """The same in PostgreSQL."""
    async with lanes(provider, databases) as at:
        await check(f"PostgreSQL, {provider}, settling, {where}", at, settling("credit", where), tmp_path / "log")


async def test_twin_written_afterwards(files: Files) -> None:
    """With ``sending`` written when the answer is there, a death before that leaves nothing of what is booked."""
    before_the_first = Point("journal", "pwrite64", 1)
    async with lanes("rehook", files) as [lane, _]:
        assert await points.died(lane, lane.job("credit", "warm"), before_the_first) == "nothing, not booked"
        with pytest.raises(AssertionError, match="is booked, and nothing is written"):
            await points.died(lane, lane.job("credit", "warm", broken="written afterwards"), before_the_first)
