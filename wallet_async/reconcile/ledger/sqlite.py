"""An own ledger in a SQLite file, which is only read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from urllib.parse import quote

from attrs import field, frozen

from wallet_async.engine.errors import InvalidInputError
from wallet_async.engine.redact import printable
from wallet_async.reconcile.ledger.columns import inexact, shown
from wallet_async.reconcile.ledger.source import Header, Opening, Record, Table, file_fingerprint, written_at

_TABLES = "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"

_READS = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
"""What a statement may do. A file opened for reading alone could still be copied or have others attached to it."""


@frozen
class SqliteLedger:
    """A table or view of a SQLite file, or what a query gives; with neither, the one table that is there.

    Rows are counted from 1, in the order in which SQLite gives them. SQLite keeps amounts exactly in columns declared
    TEXT or INTEGER: in others, DECIMAL included, 12.50 becomes a float.
    """

    path: Path = field(converter=Path)
    query: str | None = field(default=None, kw_only=True)
    table: str | None = field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if self.query and self.table:
            raise InvalidInputError("a ledger is a query or a table, not both")

    def fingerprint(self) -> str:
        """Name the file with its log of latest writes, their sizes and when they were written, and what is asked.

        Raises:
            InvalidInputError: There is no such file.
        """
        return " ".join([*map(file_fingerprint, self._files()), self.query or self.table or ""])

    def as_of(self) -> datetime:
        """Say when the file or its log was last written; see `LedgerSource`."""
        return max(map(written_at, self._files()))

    def _files(self) -> list[Path]:
        log = self.path.with_name(f"{self.path.name}-wal")
        return [self.path, log] if log.exists() else [self.path]

    async def fetch(self, spill: Path, *, first: int | None) -> Opening:  # noqa: ARG002 - rows are read as they are asked for
        """Say how the file is opened; see `LedgerSource`."""
        return self._opened

    @contextmanager
    def _opened(self) -> Iterator[Table]:
        self.fingerprint()
        name = self.path.name
        with closing(_connect(self.path)) as connection:
            with _one_line_errors(name):
                cursor = connection.execute(self.query or f"SELECT * FROM {_quoted(self._named(connection))}")
            if cursor.description is None:
                raise InvalidInputError("the query of the ledger gives no rows; expected a SELECT")
            headers = tuple(Header(column) for column, *_ in cursor.description)
            yield Table(name=name, unit="row", headers=headers, records=partial(_records, cursor, name, headers))

    def _named(self, connection: sqlite3.Connection) -> str:
        """Say which table is read."""
        tables = [name for (name,) in connection.execute(_TABLES)]
        if self.table is None and len(tables) == 1:
            return str(tables[0])
        if self.table is None or self.table not in tables:
            asked = "is not told which table to read" if self.table is None else f"has no table {shown([self.table])}"
            raise InvalidInputError(f"{self.path.name} {asked}; it has {shown(tables) or 'none'}")
        return self.table


def _connect(path: Path) -> sqlite3.Connection:
    """Open a file for reading, and refuse every statement that does more."""
    with _one_line_errors(path.name):
        connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)
    connection.set_authorizer(lambda action, *_: sqlite3.SQLITE_OK if action in _READS else sqlite3.SQLITE_DENY)
    return connection


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@contextmanager
def _one_line_errors(name: str) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, sqlite3.Warning) as error:
        why = "the query does more than read" if "not authorized" in str(error) else printable(str(error))
        raise InvalidInputError(f"{name} cannot be read as SQLite: {why}") from None


def _records(
    cursor: sqlite3.Cursor, name: str, headers: Sequence[Header], places: Sequence[int | None]
) -> Iterator[Record]:
    """Give the rows as text. A column may hold values of any type, so each is looked at."""

    def text(row: Sequence[object], number: int, place: int | None) -> str | None:
        value = None if place is None else row[place]
        if isinstance(value, float | bytes) and place is not None:
            kind = "floats (REAL" if isinstance(value, float) else "bytes (BLOB"
            raise InvalidInputError(inexact(name, headers[place].name, f"{kind} in row {number})"))
        return None if value is None else str(value)

    with _one_line_errors(name):
        for number, row in enumerate(cursor, 1):
            yield number, [text(row, number, place) for place in places]
