"""A process that books through a journal, killed again and again: every reference is booked once, and none is lost."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.faults.providers import CLIENTS, Client
from tests.journal.postgres_server import PostgresServer
from wallet_async.sandbox import Fault, FaultPlan, Sandbox

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system knows no kill -9")

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("BOOKER_KILLS", "2"))  # a long run sets it, and goes over both providers on each journal
LONG = "BOOKER_KILLS" in os.environ
EACH = 25
"""References a kill, so that every one meets work under way."""
FAULTS = [
    Fault("close", operation="credit", probability=0.1),
    Fault("close", where="before", operation="credit", probability=0.1),
    Fault("status", operation="transactions", status=503, probability=0.05),
]


async def run(client: Client, url: str, journal: str, count: int, *, lines: int | None) -> list[tuple[str, str]]:
    """Let a process book, and kill it after so many receipts; None lets it end. Gives what it said."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.journal.booker", client.name, url, journal, str(count)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert child.stdout is not None
    said = b""
    for _ in range(lines or 0):
        said += await child.stdout.readline()
    if lines is not None and child.returncode is None:
        os.kill(child.pid, signal.SIGKILL)
    said += await child.stdout.read()
    code = await child.wait()
    assert code == 0 or lines is not None
    return [tuple(json.loads(line)) for line in said.splitlines()]


async def check(client: Client, journal: str, *, kills: int, seed: int) -> None:
    """Kill a booker *kills* times, let another finish, and compare with the ledger.

    Raises:
        AssertionError: A reference was booked twice or not at all, or a receipt was another's.
    """
    print(f"seed {seed}, {kills} kills")
    rng = random.Random(seed)
    count = EACH * (kills + 1)
    async with Sandbox(client.sandbox(), faults=FaultPlan(FAULTS, seed=seed)) as sandbox:
        said: list[tuple[str, str]] = []
        for kill in range(kills):
            said += await run(client, sandbox.url, journal, count, lines=rng.randrange(1, EACH * (kill + 1)))
        said += await run(client, sandbox.url, journal, count, lines=None)
        booked = Counter(
            f"order-{number}"
            for entry in sandbox.api.ledger.entries()
            for number in range(count)
            if client.is_ours(entry, f"order-{number}")
        )
    assert all(asked == given for asked, given in said)
    assert {asked for asked, _ in said} == {f"order-{number}" for number in range(count)}
    doubled = [reference for reference, times in booked.items() if times > 1]
    assert not doubled, f"doubled: {doubled}"
    assert len(booked) == count, "lost"


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("provider", CLIENTS if LONG else ["rehook"])
async def test_each_is_booked_once(provider: str, tmp_path: Path) -> None:
    """A journal in a file, one process at a time."""
    await check(CLIENTS[provider], f"sqlite:///{tmp_path}/journal.db", kills=KILLS, seed=random.randrange(2**32))


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("provider", CLIENTS if LONG else ["loyalty"])
async def test_each_is_booked_once_by_a_server(provider: str, postgres: PostgresServer, database: str) -> None:
    """The same on PostgreSQL."""
    await check(CLIENTS[provider], postgres.url(database), kills=KILLS, seed=random.randrange(2**32))


async def test_twin_without_a_journal_some_are_doubled() -> None:
    """The same process without one, asking again until there is a receipt, pays twice."""
    with pytest.raises(AssertionError, match="doubled"):
        await check(CLIENTS["rehook"], "none", kills=1, seed=1)
