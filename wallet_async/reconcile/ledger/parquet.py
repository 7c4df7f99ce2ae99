"""An own ledger in a Parquet file."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from wallet_async.engine.errors import InvalidInputError
from wallet_async.engine.redact import printable
from wallet_async.reconcile.database import database, quoted
from wallet_async.reconcile.ledger.source import Header, Opening, Record, Table, file_fingerprint, written_at

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_FLOATS = ("FLOAT", "DOUBLE")
_BATCH = 10_000
"""Rows fetched at a time."""


@frozen
class ParquetLedger:
    """A Parquet file. Its rows are counted from 1."""

    path: Path = field(converter=Path)

    def fingerprint(self) -> str:
        """Name the file, its size and when it was written.

        Raises:
            InvalidInputError: There is no such file.
        """
        return file_fingerprint(self.path)

    def as_of(self) -> datetime:
        """Say when the file was last written; see `LedgerSource`."""
        return written_at(self.path)

    async def fetch(self, spill: Path, *, first: int | None) -> Opening:  # noqa: ARG002 - rows are read as they are asked for
        """Say how the file is opened; see `LedgerSource`."""
        return partial(self._opened, spill)

    @contextmanager
    def _opened(self, spill: Path) -> Iterator[Table]:
        self.fingerprint()
        # With one thread, rows come in the order of the file.
        with database(spill, threads=1) as connection:
            reading = _Reading(connection, self.path)
            yield Table(name=self.path.name, unit="row", headers=reading.headers, records=reading.records)


class _Reading:
    """One Parquet file, being read."""

    def __init__(self, connection: DuckDBPyConnection, path: Path) -> None:
        self._connection = connection
        self._file = path.name
        name = quoted(glob.escape(str(path)))
        # Text that an older writer did not declare as such; and no columns made of the names of folders.
        self._rows = f"read_parquet({name}, binary_as_string = true, hive_partitioning = false)"
        schema = list(self._asked(f"SELECT name, num_children FROM parquet_schema({name})"))
        columns = list(self._asked(f"DESCRIBE SELECT * FROM {self._rows}"))
        self._columns: list[str] = [name for name, *_ in columns]
        """As DuckDB calls them: it renames the second of two equal names."""
        self.headers: tuple[Header, ...] = tuple(
            Header(name, kind, exact=kind not in _FLOATS)
            for name, (_, kind, *_) in zip(_outermost(schema), columns, strict=True)
        )

    def records(self, places: Sequence[int | None]) -> Iterator[Record]:
        """Give the rows as text."""
        texts = ", ".join("NULL" if place is None else f"CAST({self._sql(place)} AS VARCHAR)" for place in places)
        return enumerate(self._asked(f"SELECT {texts} FROM {self._rows}"), 1)

    def _sql(self, place: int) -> str:
        name = self._columns[place].replace('"', '""')
        return f'"{name}"'

    def _asked(self, query: str) -> Iterator[Any]:
        """Ask DuckDB, and give the rows of its answer; its errors become one line."""
        import duckdb  # noqa: PLC0415 - the extra [reconcile]

        try:
            asked = self._connection.execute(query)
            while rows := asked.fetchmany(_BATCH):
                yield from rows
        except duckdb.Error as error:
            first = printable(str(error).partition("\n")[0])
            raise InvalidInputError(f"{self._file} is no whole Parquet file: {first}") from None


def _outermost(schema: Sequence[tuple[str, int | None]]) -> Iterator[str]:
    """Give the names of the columns from a schema that lists the root, and behind each field what is nested in it."""
    nested = 0
    for name, children in schema[1:]:
        if not nested:
            yield name
            nested = 1
        nested += (children or 0) - 1
