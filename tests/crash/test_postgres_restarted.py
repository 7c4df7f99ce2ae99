"""The database is killed and started again under a session with 20 in flight: it goes on, and all is booked once."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from tests.crash import figures
from tests.crash.long import only_long
from tests.faults.providers import CLIENTS, Client
from tests.journal.postgres_server import PostgresServer, installed, running, until
from wallet_async.engine.errors import WalletError
from wallet_async.journal import Journal, JournalError, Settling
from wallet_async.journal.entry import Entry
from wallet_async.journal.postgres import PostgresStore
from wallet_async.sandbox import Sandbox

pytestmark = [only_long, pytest.mark.timeout(600)]

SETTLING = Settling(commit_within=0.2, shown_within=0.1, every=0.05)
TIMEOUT = 1.0
IN_FLIGHT = 20
EACH = 100
"""References from one kill to the next."""


async def check(server: PostgresServer, client: Client, kills: int) -> None:
    """Kill the server from time to time while references are booked, and compare with the ledger and the journal.

    Raises:
        AssertionError: One is not booked exactly once, or the journal does not know it.
    """
    references = [f"order-{number}" for number in range(EACH * (kills + 1))]
    left, done = iter(references), list[str]()
    url = server.url(await installed(server))
    async with Sandbox(client.sandbox()) as sandbox, await Journal.open(url, settling=SETTLING) as journal:
        async with client.session(sandbox.url, journal=journal) as session:

            async def one_by_one() -> None:
                for reference in left:
                    while reference not in done:
                        try:
                            done.append((await client.write(session, reference=reference, timeout=TIMEOUT)).reference)
                        except WalletError:
                            await asyncio.sleep(0.005)

            async def kill() -> None:
                for number in range(kills):
                    await until(lambda number=number: asyncio.sleep(0, len(done) > EACH * number + EACH // 2))
                    server.kill()
                    await asyncio.to_thread(server.start)

            await asyncio.gather(kill(), *(one_by_one() for _ in range(IN_FLIGHT)))
            assert sorted(done) == sorted(references)
            for reference in references:
                entry = await journal.entry(client.name, reference)
                assert entry is not None, f"{reference} is booked, and nothing is written"
            await until(lambda: _all_applied(journal))
        booked = Counter(
            reference for row in sandbox.ledger.entries() for reference in references if client.is_ours(row, reference)
        )
    assert booked == dict.fromkeys(references, 1)
    figures.tell(
        "PostgreSQL killed and started again, 20 in flight",
        case=client.name,
        kills=kills,
        references=len(references),
        lost=0,
        doubled=0,
    )


async def _all_applied(journal: Journal) -> bool:
    return not [entry async for entry in journal.entries(states=["sending", "in_doubt"])]


@pytest.mark.parametrize("provider", CLIENTS)
async def test_it_goes_on(provider: str) -> None:
    """What could not be written is settled when the database is back."""
    with running() as server:
        await check(server, CLIENTS[provider], kills=5)


async def test_twin_taken_for_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """A claim whose failure is passed over books what the journal does not know."""
    claim = PostgresStore.claim

    async def careless(store: PostgresStore, entry: Entry) -> Entry:
        try:
            return await claim(store, entry)
        except JournalError:
            return entry

    monkeypatch.setattr(PostgresStore, "claim", careless)
    with running() as server, pytest.raises(AssertionError, match="nothing is written"):
        await check(server, CLIENTS["rehook"], kills=1)
