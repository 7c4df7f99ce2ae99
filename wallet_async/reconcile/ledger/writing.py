"""The own ledger as the rest of a reconciliation reads it: one Parquet file, there as a whole or not at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import islice
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from attrs import frozen

from wallet_async.engine.errors import InvalidInputError
from wallet_async.engine.redact import printable
from wallet_async.reconcile.database import database, quoted
from wallet_async.reconcile.files import replacing
from wallet_async.reconcile.ledger.columns import find_columns
from wallet_async.reconcile.ledger.reading import LedgerRow, Reading
from wallet_async.reconcile.ledger.rows import Marks, RowReader
from wallet_async.reconcile.ledger.source import LedgerSource, Opening, folder_in
from wallet_async.reconcile.ledger.threads import StoppedError, in_thread
from wallet_async.reconcile.model import LEDGER_COLUMNS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_SEPARATOR = "\x1f"
"""Between the fields of the file that goes to DuckDB: rows hold no control character but the tab inside a wallet."""
_BATCH = 10_000
"""Rows that are written at once."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@frozen(kw_only=True)
class LedgerFacts:
    """An own ledger in figures."""

    rows: int
    """Movements that could be read."""
    unreadable: int
    """Lines that could not."""
    credits: Decimal
    """Sum of its credits."""
    debits: Decimal
    """Sum of its debits."""
    wallets: int
    """Wallets that it names."""


async def read_ledger(source: LedgerSource, reading: Reading, provider: Marks, into: Path, spill: Path) -> LedgerFacts:
    """Read a ledger whole and write it to the Parquet file *into*, columns `LEDGER_COLUMNS`, sorted by line.

    Memory stays flat; *spill* takes the rows once more as text while they are on their way. Cancelled, it leaves no
    file; nor does it when it fails.

    Args:
        source: Where it is.
        reading: How it is to be read.
        provider: Names the parts of a wallet, and makes the marks of references.
        into: A file in a folder that is there.
        spill: A folder for files that are not kept; made if it is not there.

    Raises:
        InvalidInputError: It cannot be read, or not all of it and *reading* says to refuse it then.
    """
    with folder_in(spill) as folder:
        opening = await source.fetch(folder, first=None)
        return await in_thread(partial(_write, opening, reading, provider, into, folder))


def _write(opening: Opening, reading: Reading, provider: Marks, into: Path, folder: Path, stop: Event) -> LedgerFacts:
    texts = folder / "rows"
    with opening() as table:
        reader = RowReader(table, find_columns(table, provider.wallet_fields, reading.columns), reading, provider)
        rows = reader.rows(table.records(reader.places))
        try:
            with texts.open("w", encoding="utf-8", newline="\n") as file:
                while batch := list(islice(rows, _BATCH)):
                    if stop.is_set():
                        raise StoppedError
                    file.writelines(map(_line, batch))
        except OSError as error:
            raise _unwritable(texts, error) from None
        reader.judge()
    return _to_parquet(texts, into, folder)


def _line(row: LedgerRow) -> str:
    """Write a row for DuckDB; an empty field is NULL there."""
    line, wallet, kind, amount, at, transaction_id, reference, mark, currency, problem = row
    fields = (
        *(str(line), wallet or "", kind or "", amount or "", "" if at is None else str((at - _EPOCH) // _MICROSECOND)),
        *(transaction_id or "", reference or "", mark or "", currency or "", problem or ""),
    )
    return _SEPARATOR.join(fields) + "\n"


def _to_parquet(texts: Path, into: Path, folder: Path) -> LedgerFacts:
    """Give the rows in the file *texts* their types; DuckDB leaves out no row and rounds none, for all were checked."""
    import duckdb  # noqa: PLC0415 - the extra [reconcile]

    columns = LEDGER_COLUMNS | {"created_at": "BIGINT"}
    try:
        with replacing(into) as part, database(folder) as connection:
            connection.execute("SET preserve_insertion_order = true")  # the rows are in order: to sort takes more
            connection.execute(
                f"""
                COPY (
                    SELECT * REPLACE (make_timestamp(created_at) AS created_at)
                    FROM read_csv(
                        {quoted(texts)}, columns = {columns}, auto_detect = false, header = false,
                        delim = {quoted(_SEPARATOR)}, quote = '', escape = ''
                    )
                ) TO {quoted(part)} (FORMAT parquet, COMPRESSION zstd)
                """
            )
            return _facts(connection, part)
    except (OSError, duckdb.Error) as error:
        raise _unwritable(into, error) from None


def _facts(connection: DuckDBPyConnection, ledger: Path) -> LedgerFacts:
    written = f"read_parquet({quoted(ledger)})"
    found = connection.execute(
        f"""
        SELECT count(kind), count(problem),
            coalesce(sum(amount) FILTER (kind = 'credit'), 0), coalesce(sum(amount) FILTER (kind = 'debit'), 0),
            (SELECT count(*) FROM (SELECT DISTINCT wallet FROM {written} WHERE wallet IS NOT NULL))
        FROM {written}
        """
    ).fetchone()
    rows, unreadable, credits, debits, wallets = found or (0, 0, Decimal(0), Decimal(0), 0)
    return LedgerFacts(rows=rows, unreadable=unreadable, credits=credits, debits=debits, wallets=wallets)


def _unwritable(path: Path, error: Exception) -> InvalidInputError:
    first = str(error).partition("\n")[0]
    return InvalidInputError(f"the ledger cannot be written to {path}: {printable(first)}")
