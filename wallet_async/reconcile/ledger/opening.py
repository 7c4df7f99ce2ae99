"""Where an own ledger is, as a user writes it: a file by its ending, or a URL."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from wallet_async.engine.checks import reject
from wallet_async.engine.errors import InvalidInputError
from wallet_async.journal import address
from wallet_async.reconcile.ledger.csvfile import CsvLedger
from wallet_async.reconcile.ledger.parquet import ParquetLedger
from wallet_async.reconcile.ledger.postgres import PostgresLedger
from wallet_async.reconcile.ledger.source import LedgerSource
from wallet_async.reconcile.ledger.sqlite import SqliteLedger

_EXPECTED = (
    "a file (.csv, .csv.gz, .tsv, .parquet, .db, .sqlite, .sqlite3), 'sqlite:///path/to/file.db' "
    "or 'postgresql://user@host/database'"
)


def open_ledger(
    where: str, *, query: str | None = None, table: str | None = None, environ: Mapping[str, str]
) -> LedgerSource:
    """Say what reads the ledger at *where*; nothing is opened yet.

    Args:
        where: Path of a file, or a URL as a journal's.
        query: SQL for a database.
        table: A table of a SQLite file, in place of a query.
        environ: ``PGPASSWORD`` is the password of a URL of PostgreSQL that has none.

    Raises:
        InvalidInputError: It is no such path or URL, or *query* and *table* do not fit it.
    """
    if "://" in where:
        dialect, target = address.parts(where)
        if dialect == "sqlite":
            return SqliteLedger(target, query=query, table=table)
        if not query or table:
            raise InvalidInputError("a ledger in PostgreSQL needs a query (--query 'SELECT …'), and no table")
        password = None if urlsplit(target).password else environ.get("PGPASSWORD")
        return PostgresLedger(target, query=query, password=password)
    name = Path(where).name.lower()
    if name.endswith((".db", ".sqlite", ".sqlite3")):
        return SqliteLedger(where, query=query, table=table)
    if query or table:
        raise InvalidInputError(f"query and table are for databases; {name} is read as a whole")
    if name.endswith(".parquet"):
        return ParquetLedger(where)
    if name.endswith((".csv", ".csv.gz")):
        return CsvLedger(where)
    if name.endswith(".tsv"):
        return CsvLedger(where, delimiter="\t")
    raise reject("ledger", where, _EXPECTED)
