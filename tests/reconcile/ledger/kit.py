"""What tests of the own ledger share: written, read, and what came of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from loyalty_async.provider import provider as loyalty
from rehook_async.provider import provider as rehook
from wallet_async.engine.errors import InvalidInputError
from wallet_async.reconcile.database import database, quoted
from wallet_async.reconcile.ledger import CsvLedger, LedgerFacts, LedgerSource, Reading, read_ledger
from wallet_async.reconcile.model import LEDGER_COLUMNS

__all__ = ["loyalty", "rehook"]

HEADERS = ("source_id", "wallet_id", "kind", "amount", "created_at", "transaction_id", "reference", "currency")
ROW = ("krishna123", "waty_1", "credit", "12.50", "2024-01-31T23:59:59+03:00", "txn-1", "order-1", "TRY")


def text(rows: Iterable[Sequence[str]], delimiter: str = ",") -> str:
    """Write CSV as any other program would."""
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter).writerows(rows)
    return written.getvalue()


def row(**values: str) -> tuple[str, ...]:
    """Give `ROW` with other values."""
    return tuple(values.get(name, old) for name, old in zip(HEADERS, ROW, strict=True))


def written(folder: Path, content: str | bytes, name: str = "ledger.csv") -> Path:
    """Write a file."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


async def facts_and_rows(
    source: LedgerSource, reading: Reading | None = None, provider: Any = rehook
) -> tuple[LedgerFacts, list[dict[str, Any]]]:
    """Read a ledger, and give what is in the Parquet file; nothing else may be left anywhere."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        into = folder / "ledger.parquet"
        facts = await read_ledger(source, reading or Reading(), provider, into, folder / "spill")
        with database(folder / "spill") as connection:
            columns = connection.execute(f"DESCRIBE SELECT * FROM read_parquet({quoted(into)})").fetchall()
            found = connection.execute(f"SELECT * FROM read_parquet({quoted(into)}, file_row_number = true)").fetchall()
        assert {name: kind for name, kind, *_ in columns} == LEDGER_COLUMNS
        assert files(folder) == [into]
    found.sort(key=lambda values: values[-1])  # DuckDB reads with two threads
    rows = [dict(zip(LEDGER_COLUMNS, values[:-1], strict=True)) for values in found]
    assert [one["line"] for one in rows] == sorted(one["line"] for one in rows)
    return facts, rows


def files(folder: Path) -> list[Path]:
    """List what is in a folder and below it."""
    return [path for path in folder.rglob("*") if path.is_file()]


async def rows_of(source: LedgerSource, reading: Reading | None = None, provider: Any = rehook) -> list[dict[str, Any]]:
    """Read a ledger, and give its rows."""
    return (await facts_and_rows(source, reading, provider))[1]


async def refused(source: LedgerSource, reading: Reading | None = None, provider: Any = rehook) -> str:
    """Read a ledger that cannot be read, and give what is said about it: one line, and nothing is left behind."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        with pytest.raises(InvalidInputError) as caught:
            await read_ledger(source, reading or Reading(), provider, folder / "ledger.parquet", folder / "spill")
        assert not files(folder)
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 500, message
    return message


def source(folder: Path, *rows: Sequence[str], headers: Sequence[str] = HEADERS) -> CsvLedger:
    """Write a CSV ledger."""
    return CsvLedger(written(folder, text([headers, *rows])))
