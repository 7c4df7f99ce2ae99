"""Making and changing the tables, and what is said of a database that has none, older ones, or newer ones."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.journal.postgres_server import PostgresServer
from wallet_async.journal.errors import JournalError
from wallet_async.journal.migrations import Migration, load
from wallet_async.journal.postgres import PostgresStore, install, pending, schema, upgrade

Command = Callable[[str], Awaitable[object]]
SECOND = Migration(
    len(load("postgres")) + 1,
    "second",
    "CREATE TABLE wallet_async.second (); INSERT INTO wallet_async.migrations (number, name)"
    f" VALUES ({len(load('postgres')) + 1}, 'second')",
)


def later(monkeypatch: pytest.MonkeyPatch, migration: Migration = SECOND) -> None:
    """Be a later release, with one migration more."""
    monkeypatch.setattr(schema, "load", lambda dialect: (*load(dialect), migration))


async def test_installing(postgres: PostgresServer) -> None:
    """A database without a journal says what to run; installing again does nothing."""
    url = postgres.url(name := await postgres.create())
    for command in (PostgresStore.open, upgrade):
        with pytest.raises(JournalError, match="run `wallet-async journal install`"):
            await command(url)
    assert await pending(url) == load("postgres")
    assert await install(url) == load("postgres")
    assert not await pending(url)
    assert not await install(url)
    assert not await upgrade(url)
    await (await PostgresStore.open(url)).aclose()
    async with postgres.connection(name) as connection:
        rows = await connection.fetch("SELECT number, name FROM wallet_async.migrations ORDER BY number")
    assert [tuple(row) for row in rows] == [(step.number, step.name) for step in load("postgres")]


async def test_upgrading(postgres: PostgresServer, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal of an earlier release says what to run, and is brought up to date; the earlier release then refuses."""
    url = postgres.url(database)
    with monkeypatch.context() as release:
        later(release)
        with pytest.raises(JournalError, match="run `wallet-async journal upgrade`"):
            await PostgresStore.open(url)
        assert await pending(url) == (SECOND,)
        assert await upgrade(url) == (SECOND,)
        await (await PostgresStore.open(url)).aclose()
    commands: list[Command] = [PostgresStore.open, install, upgrade, pending]
    for command in commands:
        with pytest.raises(JournalError, match="use a newer wallet-async"):
            await command(url)


async def test_a_migration_that_fails(postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that fails takes those before it along: nothing was changed."""
    url = postgres.url(await postgres.create())
    later(monkeypatch, Migration(SECOND.number, "broken", "CREATE TABLE wallet_async.half (); SELECT 1 / 0"))
    with pytest.raises(JournalError, match="division by zero"):
        await install(url)
    monkeypatch.undo()
    assert await pending(url) == load("postgres")


async def install_at_once(url: str) -> None:
    """Install 6 times at once: one does it, nobody fails."""
    done = await asyncio.gather(*(install(url) for _ in range(6)))
    assert sorted(map(len, done)) == [0] * 5 + [len(load("postgres"))]


async def test_installing_at_once(postgres: PostgresServer) -> None:
    """Of many that install at once the first does it, and the others find it done."""
    await install_at_once(postgres.url(await postgres.create()))


async def test_installing_at_once_without_the_lock(postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sabotaged twin: without the lock all of them may find nothing there, and they fail."""
    looked = asyncio.Barrier(6)

    async def installed(connection: Any) -> int:
        number = await schema_installed(connection)
        await looked.wait()
        return number

    schema_installed = schema.installed
    monkeypatch.setattr(schema, "installed", installed)
    monkeypatch.setattr(schema, "ALONE", "SELECT 1")
    with pytest.raises(JournalError):
        await install_at_once(postgres.url(await postgres.create()))


async def test_a_database_of_another_encoding(postgres: PostgresServer) -> None:
    """A database that cannot keep every reference is refused before anything is made in it."""
    name = await postgres.create("TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'")
    with pytest.raises(JournalError, match="LATIN1"):
        await install(postgres.url(name))
    assert await pending(postgres.url(name)) == load("postgres")


async def test_no_migration_is_missing() -> None:
    """Numbers count from 1 without a gap, and each file writes down its own number and name."""
    for place, step in enumerate(load("postgres"), 1):
        assert step.number == place
        assert f"INSERT INTO wallet_async.migrations (number, name) VALUES ({place}, '{step.name}')" in step.sql
