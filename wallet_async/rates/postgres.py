"""A rate in PostgreSQL: one row, which one statement locks, reads and writes, by the server's clock."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Self

from wallet_async.engine.errors import InvalidInputError, WalletError
from wallet_async.rates.store import PATIENCE, away

try:
    import asyncpg as _asyncpg  # type: ignore[import-untyped]
except ImportError:
    raise InvalidInputError("a shared rate in PostgreSQL needs asyncpg: pip install 'wallet-async[postgres]'") from None

_pg: Any = _asyncpg

_INSTALLED = "SELECT to_regclass('wallet_async.rates') IS NOT NULL"
_INSTALL = """
SELECT pg_advisory_xact_lock(5270843395182269147);
CREATE SCHEMA IF NOT EXISTS wallet_async;
CREATE UNLOGGED TABLE IF NOT EXISTS wallet_async.rates (
    name text COLLATE "C" PRIMARY KEY,
    free_at timestamptz NOT NULL
) WITH (fillfactor = 50);
"""
"""One transaction, and one process at a time: the number is any that nobody else takes. Unlogged, since a commit then
waits for no disk; what a crash empties is past by the time the server is up again."""
_TAKE = """
INSERT INTO wallet_async.rates AS rate (name, free_at) VALUES ($1, clock_timestamp() + $2)
ON CONFLICT (name) DO UPDATE SET free_at = greatest(rate.free_at, clock_timestamp()) + $2
RETURNING extract(epoch FROM free_at - $2 - clock_timestamp())::float8
"""
"""The clock is read behind the lock on the row, so that whoever waited for it does not take a cell that is past."""

_FAULTS = (_pg.PostgresError, _pg.InterfaceError, _pg.InternalClientError, OSError, EOFError, ValueError)


class PostgresStore:
    """Keeps the rate in a row of the table ``wallet_async.rates``, which it makes if there is none."""

    def __init__(self, pool: Any, name: str) -> None:
        self._pool = pool
        self._name = name

    @classmethod
    async def open(cls, url: str, name: str) -> Self:
        """Open the store, and see that the table is there.

        Raises:
            ConnectError: The server does not answer, or does not let the table be made.
            InvalidInputError: The URL cannot be read.
        """

        async def nothing(_: Any) -> None:
            """A statement on its own leaves nothing behind: asyncpg's own reset costs another round trip each time."""

        pool = None
        try:
            pool = await _pg.create_pool(
                url, min_size=0, max_size=1, timeout=PATIENCE, command_timeout=PATIENCE, reset=nothing
            )
            if not await pool.fetchval(_INSTALLED):
                await pool.execute(_INSTALL)
            return cls(pool, name)
        except _FAULTS as error:
            fault = _fault(error)
        if pool is not None:
            await pool.close()
        raise fault

    async def take(self, spacing: int) -> float:
        """Take the next free cell; see `Store`."""
        try:
            ahead: float = await self._pool.fetchval(_TAKE, self._name, timedelta(microseconds=spacing))
            return ahead
        except _FAULTS as error:
            fault = _fault(error)
        raise fault

    async def aclose(self) -> None:
        """Close the connection."""
        await self._pool.close()


def _fault(error: Any) -> WalletError:
    """Say what is wrong without asyncpg's own words, which may hold a piece of the URL."""
    if isinstance(error, _pg.PostgresError) and getattr(error, "severity_en", None) is not None:
        return away(f"PostgreSQL says: {error.message} ({error.sqlstate})")
    if isinstance(error, ValueError):
        return InvalidInputError("the URL of PostgreSQL cannot be read: is each special character of it %-encoded?")
    if isinstance(error, TimeoutError):
        return away("PostgreSQL did not answer in time")
    return away(f"PostgreSQL cannot be reached ({type(error).__name__})")
