"""The tables: which migrations a database has, and applying those that it lacks."""

from __future__ import annotations

from typing import Any

from wallet_async.journal.errors import JournalError
from wallet_async.journal.migrations import Migration, load
from wallet_async.journal.postgres.connecting import connected

ALONE = "SELECT pg_advisory_xact_lock(8602219138049961580)"
"""Waits until nobody else migrates; the number is any that nobody else takes."""

_PATIENCE = 60.0
"""Seconds: another process may be migrating, and a large table takes its time."""


async def installed(connection: Any) -> int:
    """Give the number of the last migration that was applied; 0 where there is no journal.

    Raises:
        JournalError: It is one that this release does not know.
    """
    if not await connection.fetchval("SELECT to_regclass('wallet_async.migrations') IS NOT NULL"):
        return 0
    number = int(await connection.fetchval("SELECT coalesce(max(number), 0) FROM wallet_async.migrations"))
    newest = load("postgres")[-1].number
    if number > newest:
        raise JournalError(f"the journal has schema {number}, this release knows {newest}: use a newer wallet-async")
    return number


async def check_installed(connection: Any) -> None:
    """Refuse a database whose tables are not those of this release.

    Raises:
        JournalError: It says what to run.
    """
    number = await installed(connection)
    if number == 0:
        raise JournalError("there is no journal in the database: run `wallet-async journal install`")
    if missing := _after(number):
        raise JournalError(f"the journal lacks {len(missing)} migration(s): run `wallet-async journal upgrade`")


async def pending(url: str) -> tuple[Migration, ...]:
    """Give the migrations that the database lacks; all of them where there is no journal.

    Raises:
        JournalError: It cannot be reached, or is newer than this release.
    """
    async with connected(url, _PATIENCE) as connection:
        return _after(await installed(connection))


async def install(url: str) -> tuple[Migration, ...]:
    """Make the journal's tables, or what is missing of them, and give what was applied.

    Raises:
        JournalError: It cannot be reached, refuses, or is newer than this release; nothing was changed.
    """
    return await _migrate(url, least=0)


async def upgrade(url: str) -> tuple[Migration, ...]:
    """Bring a journal that is there up to date, and give what was applied.

    Raises:
        JournalError: There is none, or as for `install`; nothing was changed.
    """
    return await _migrate(url, least=1)


async def _migrate(url: str, least: int) -> tuple[Migration, ...]:
    """Apply what is missing in one transaction; of two processes the second finds nothing to do."""
    async with connected(url, _PATIENCE) as connection, connection.transaction():
        await connection.execute(ALONE)
        number = await installed(connection)
        if number < least:
            raise JournalError("there is no journal in the database: run `wallet-async journal install`")
        if (encoding := await connection.fetchval("SHOW server_encoding")) != "UTF8":
            raise JournalError(f"the database keeps text as {encoding}, and not every reference is: use one in UTF8")
        missing = _after(number)
        for migration in missing:
            await connection.execute(migration.sql)
    return missing


def _after(number: int) -> tuple[Migration, ...]:
    return load("postgres")[number:]
