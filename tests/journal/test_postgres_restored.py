"""Row 54 on a server: that its database was put back is told by a person, and every process hears of it."""

from __future__ import annotations

import pytest

from tests.faults.providers import Client
from tests.journal.postgres_server import PostgresServer
from wallet_async.journal import Journal
from wallet_async.journal.postgres import PostgresStore, sql
from wallet_async.sandbox import Sandbox


async def booked_once(client: Client, postgres: PostgresServer, database: str) -> None:
    """Lose an entry while an application has the journal open, say so from elsewhere, and ask for the movement again.

    Raises:
        AssertionError: It is booked twice; or what was declared or accepted is not heard of.
    """
    url = postgres.url(database)
    async with (
        Sandbox(client.sandbox()) as sandbox,
        await Journal.open(url) as journal,
        client.session(sandbox.url, journal=journal) as session,
    ):
        await client.write(session)
        async with postgres.connection(database) as connection:
            await connection.execute("DELETE FROM wallet_async.entries")
        async with await Journal.open(url) as elsewhere:
            assert not elsewhere.restored
            await elsewhere.declare_restored()
            assert elsewhere.restored
        await client.write(session)
        assert sum(client.is_ours(entry, "r-1") for entry in sandbox.ledger.entries()) == 1
        assert journal.restored
        async with await Journal.open(url) as elsewhere:
            assert elsewhere.restored
            await elsewhere.accept_restored()
        await client.write(session, reference="r-2")
        assert not journal.restored


async def test_what_was_declared_is_looked_up(client: Client, postgres: PostgresServer, emptied: str) -> None:
    """By a process that had the journal open all the time, with its next call."""
    await booked_once(client, postgres, emptied)


async def test_twin_a_flag_of_ones_own(
    client: Client, postgres: PostgresServer, emptied: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotaged twin: one that the database does not keep is heard of by nobody else."""

    async def kept_here(store: PostgresStore, restored: bool) -> None:
        store.restored = restored

    monkeypatch.setattr(PostgresStore, "set_restored", kept_here)
    with pytest.raises(AssertionError):
        await booked_once(client, postgres, emptied)


async def test_twin_known_since_the_opening(
    client: Client, postgres: PostgresServer, emptied: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotaged twin: one that is read only when the journal is opened comes too late for who has it open."""
    monkeypatch.setattr(sql, "LOOK_UP", sql.LOOK_UP.replace(sql.RESTORED, "SELECT false"))
    with pytest.raises(AssertionError):
        await booked_once(client, postgres, emptied)
