"""An own ledger that a query gives in PostgreSQL. It is copied to this machine as text, which is exact."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from attrs import field, frozen

from wallet_async.engine.errors import InvalidInputError
from wallet_async.engine.redact import printable
from wallet_async.journal import address
from wallet_async.reconcile.ledger.csvfile import parsed, picked
from wallet_async.reconcile.ledger.source import Header, Opening, Record, Table

_NAME = "the query"
_FLOATS = ("float4", "float8")

_PATIENCE = 10
"""Seconds for a connection to be made. The query itself may take as long as it takes."""

_SETTINGS = {
    "application_name": "wallet-async reconcile",
    # How times are written, whatever is set for the database or the role.
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
}


def _check_url(_: Any, __: Any, url: Any) -> None:
    dialect, _ = address.parts(url)
    if dialect != "postgres":
        raise InvalidInputError("url must be 'postgresql://user@host/database'; SqliteLedger reads a SQLite file")


def _without_password(url: str) -> str:
    """Give user, host and database of a URL; its options may hold a password too."""
    split = urlsplit(url)
    user, _, host = split.netloc.rpartition("@")
    return f"postgresql://{user.partition(':')[0]}@{host}{split.path}"


@frozen
class PostgresLedger:
    """What a query gives, in a transaction that can change nothing. Rows are counted from 1, as they come."""

    url: str = field(validator=_check_url, repr=_without_password)
    query: str = field(kw_only=True)
    password: str | None = field(default=None, kw_only=True, repr=False)
    """It goes before one in the URL. None: the one in the URL, else ``PGPASSWORD``."""

    def fingerprint(self) -> str:
        """Name the database and the query; what it gives may change without notice."""
        return f"{_without_password(self.url)} {self.query}"

    def as_of(self) -> None:
        """Say that it knows what there is when it is read; see `LedgerSource`."""

    async def fetch(self, spill: Path, *, first: int | None) -> Opening:
        """Copy the rows to *spill*; see `LedgerSource`.

        Raises:
            InvalidInputError: PostgreSQL cannot be reached, lets us not in, or refuses the query.
        """
        copy = spill / "copy.csv"
        headers = await self._copy(copy, first)
        return partial(_opened, copy, headers)

    async def _copy(self, into: Path, first: int | None) -> tuple[Header, ...]:
        try:
            import asyncpg  # type: ignore[import-untyped]  # noqa: PLC0415 - the extra [postgres]
        except ModuleNotFoundError:
            raise InvalidInputError(
                'a ledger in PostgreSQL needs asyncpg: python -m pip install "wallet-async[postgres]"'
            ) from None
        faults = (
            asyncpg.PostgresError,
            asyncpg.InterfaceError,
            asyncpg.InternalClientError,
            OSError,
            EOFError,
            ValueError,
        )
        # In brackets no statement fits that is not a query; a comment at its end must not take the bracket with it.
        rows = f"SELECT * FROM ({self.query.strip().rstrip(';')}\n) AS ledger"
        limit = "" if first is None else f" LIMIT {first:d}"
        try:
            connection = await asyncpg.connect(
                self.url, password=self.password, timeout=_PATIENCE, server_settings=_SETTINGS
            )
            try:
                async with connection.transaction(readonly=True):
                    asked = await connection.prepare(rows)
                    await connection.copy_from_query(rows + limit, output=into, format="csv")
                    columns = [(column.name, column.type.name) for column in asked.get_attributes()]
            finally:
                connection.terminate()
        except faults as error:
            failed = InvalidInputError(_explained(error))
        else:
            return tuple(Header(name, kind, exact=kind not in _FLOATS) for name, kind in columns)
        raise failed  # without what it came from: that may hold pieces of the URL


def _explained(error: Exception) -> str:
    """Say what went wrong in one line that holds no password: asyncpg's own words may repeat pieces of the URL."""
    if sqlstate := getattr(error, "sqlstate", None):
        return f"PostgreSQL, where the ledger is, says: {printable(str(error))} ({sqlstate})"
    if isinstance(error, TimeoutError):
        return f"PostgreSQL, where the ledger is, did not answer in {_PATIENCE} s"
    if isinstance(error, OSError):
        return f"the ledger cannot be copied from PostgreSQL: {error.strerror or type(error).__name__}"
    if isinstance(error, ValueError):
        return "the URL of the ledger cannot be read: is each special character of it %-encoded?"
    return "the connection to PostgreSQL, where the ledger is, broke"


@contextmanager
def _opened(copy: Path, headers: tuple[Header, ...]) -> Iterator[Table]:
    with copy.open(encoding="utf-8", newline="") as file:

        def records(places: Sequence[int | None]) -> Iterator[Record]:
            found = parsed(iter(file), _NAME, ",")
            rows = ((row, record) for row, (_, record) in enumerate(found, 1))
            return picked(rows, len(headers), places)

        yield Table(name=_NAME, unit="row", headers=headers, records=records)
