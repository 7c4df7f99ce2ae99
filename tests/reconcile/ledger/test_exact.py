"""Whatever can be written exactly is read exactly, through every kind of file."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.reconcile.ledger.kit import HEADERS, rehook, rows_of, text
from wallet_async.reconcile.database import database, quoted
from wallet_async.reconcile.ledger import CsvLedger, LedgerSource, ParquetLedger, SqliteLedger
from wallet_async.reconcile.ledger import rows as reading_rows

# The same examples every time in CI; LEDGER_EXAMPLES is for long runs.
EXAMPLES = settings(
    max_examples=int(os.environ.get("LEDGER_EXAMPLES", "10")),
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

# The largest amounts are in test_values.py: here the sum of a ledger has to be one, too.
amounts = st.integers(1, 10**36).map(lambda digits: Decimal(f"{digits // 10**12}.{digits % 10**12:012}"))
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
times = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=offsets)
ids = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(
    lambda one: not re.search(r"[\x00-\x1f\x7f]", one)
)
ledgers = st.lists(
    st.tuples(
        ids, ids, st.sampled_from(["credit", "debit"]), amounts, st.none() | times, st.none() | ids, st.none() | ids
    ),
    min_size=1,
    max_size=30,
)


def _texts(rows: list[Any]) -> list[list[str]]:
    """Write the values as text: amounts in full, times as ISO 8601 has them."""
    return [
        [
            *(source_id, wallet_id, kind, f"{amount:f}", "" if at is None else at.isoformat()),
            *(transaction_id or "", reference or "", ""),
        ]
        for source_id, wallet_id, kind, amount, at, transaction_id, reference in rows
    ]


def _expected(rows: list[Any], first: int) -> list[dict[str, Any]]:
    return [
        {
            "line": line,
            "wallet": f"{source_id}\t{wallet_id}",
            "kind": kind,
            "amount": amount,
            "created_at": None if at is None else at.astimezone(UTC).replace(tzinfo=None),
            "transaction_id": transaction_id,
            "reference": reference,
            "mark": None if reference is None else rehook.mark(reference),
            "currency": None,
            "problem": None,
        }
        for line, (source_id, wallet_id, kind, amount, at, transaction_id, reference) in enumerate(rows, first)
    ]


def csv_file(folder: Path, rows: list[Any]) -> LedgerSource:
    path = folder / "ledger.csv"
    path.write_text(text([HEADERS, *_texts(rows)]), "utf-8", newline="")
    return CsvLedger(path)


def sqlite_file(folder: Path, rows: list[Any]) -> LedgerSource:
    path = folder / "ledger.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"CREATE TABLE movements ({', '.join(f'{name} TEXT' for name in HEADERS)})")
        connection.executemany(f"INSERT INTO movements VALUES ({', '.join('?' * len(HEADERS))})", _texts(rows))
    return SqliteLedger(path)


def parquet_file(folder: Path, rows: list[Any]) -> LedgerSource:
    """Write real types: DECIMAL and TIMESTAMP WITH TIME ZONE."""
    path = folder / "ledger.parquet"
    types = {"amount": "DECIMAL(38,12)", "created_at": "TIMESTAMPTZ"}
    columns = ", ".join(f"{name} {types.get(name, 'VARCHAR')}" for name in HEADERS)
    with database(folder) as connection:
        connection.execute(f"CREATE TABLE movements ({columns})")
        values = [[value or None for value in one] for one in _texts(rows)]
        connection.executemany(f"INSERT INTO movements VALUES ({', '.join('?' * len(HEADERS))})", values)
        connection.execute(f"COPY movements TO {quoted(path)} (FORMAT parquet)")
    return ParquetLedger(path)


async def check_exact(write: Callable[[Path, list[Any]], LedgerSource], rows: list[Any], first: int) -> None:
    """Write rows and read them back."""
    with TemporaryDirectory() as name:
        assert await rows_of(write(Path(name), rows)) == _expected(rows, first)


@EXAMPLES
@given(ledgers)
async def test_csv_is_read_exactly(rows: list[Any]) -> None:
    """Any amount, any time, any text that could be sent."""
    await check_exact(csv_file, rows, 2)


@EXAMPLES
@given(ledgers)
async def test_sqlite_is_read_exactly(rows: list[Any]) -> None:
    """The same, from columns of text."""
    await check_exact(sqlite_file, rows, 1)


@EXAMPLES
@given(ledgers)
async def test_parquet_is_read_exactly(rows: list[Any]) -> None:
    """The same, from columns with types of their own."""
    await check_exact(parquet_file, rows, 1)


def _by_float(text: str | None) -> tuple[bool, str]:
    return False, f"{float(text or ''):.12f}"


async def test_a_reader_with_a_float_in_between_fails_the_same_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sabotaged twin: 12345678901234567.89 does not survive a float."""
    rows = [("a", "b", "credit", Decimal("12345678901234567.89"), None, None, None)]
    await check_exact(csv_file, rows, 2)
    monkeypatch.setattr(reading_rows, "amount", _by_float)
    with pytest.raises(AssertionError):
        await check_exact(csv_file, rows, 2)


async def test_lines_are_those_of_the_file(tmp_path: Path) -> None:
    """A record that runs over several lines has the number of its first; blank lines count and are no records."""
    path = tmp_path / "ledger.csv"
    path.write_bytes(b'source_id,wallet_id,amount,note\r\na,b,1,"two\r\nlines"\r\n\r\na,b,2,\n"a",b,3,"x""y"')
    assert [(one["line"], one["amount"]) for one in await rows_of(CsvLedger(path))] == [(2, 1), (5, 2), (6, 3)]
