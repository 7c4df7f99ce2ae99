"""Connections on which what is committed stays committed, and on which nothing waits for ever."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from wallet_async.journal.errors import JournalError
from wallet_async.journal.postgres.driver import FAULTS, asyncpg, fault

LEEWAY = 1.0
"""Seconds by which whoever gives up later waits longer."""


def session(patience: float) -> dict[str, Any]:
    """Give the arguments of a connection whose statements wait for *patience* seconds.

    The server is to give up first, on the lock, then on the statement, since it knows what became of it; the client
    gives up last, when nothing comes at all. What is set here goes before what is set for the database or the role.
    """
    in_ms = str(int((patience + LEEWAY) * 1000))
    return {
        "timeout": patience,
        "command_timeout": patience + 2 * LEEWAY,
        "server_settings": {
            "application_name": "wallet-async journal",
            "synchronous_commit": "on",
            "default_transaction_isolation": "read committed",
            "lock_timeout": str(int(patience * 1000)),
            "statement_timeout": in_ms,
            "idle_in_transaction_session_timeout": in_ms,
        },
    }


async def check(connection: Any) -> None:
    """See what is in force on a new connection: a proxy in between may have dropped what was asked for.

    Raises:
        JournalError: A commit may be lost there in a power cut.
    """
    found = await connection.fetchval("SELECT current_setting('synchronous_commit')")
    if found != "on":
        raise JournalError(f"synchronous_commit is {found!r} on the journal's connection, and has to be 'on'")


async def open_pool(url: str, patience: float, most: int) -> Any:
    """Make a pool of at most *most* connections, each opened when it is needed first.

    Raises:
        JournalError: The URL cannot be read.
    """

    async def nothing(_: Any) -> None:
        """A statement on its own leaves nothing behind: asyncpg's own reset costs another round trip each time."""

    try:
        # None is kept open without need: to do that, asyncpg would try to connect in the background without end.
        return await asyncpg.create_pool(url, min_size=0, max_size=most, init=check, reset=nothing, **session(patience))
    except FAULTS as error:
        failed = fault(error)
    raise failed


@asynccontextmanager
async def connected(url: str, patience: float) -> AsyncIterator[Any]:
    """Open one connection for a while.

    Raises:
        JournalError: There is no server, it does not let us in, or it refuses what is asked for meanwhile.
    """
    try:
        connection = await asyncpg.connect(url, **session(patience))
        try:
            await check(connection)
            yield connection
            await connection.close(timeout=patience)
        finally:
            connection.terminate()
        return
    except FAULTS as error:
        failed = fault(error)
    raise failed
