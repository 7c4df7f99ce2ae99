"""Ledgers in SQLite and Parquet files: which table, which columns, and that they are only read."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tests.reconcile.ledger.kit import loyalty, refused, rows_of
from wallet_async.engine.errors import InvalidInputError
from wallet_async.reconcile.database import database, quoted
from wallet_async.reconcile.ledger import LedgerSource, ParquetLedger, Reading, SqliteLedger, parquet
from wallet_async.reconcile.ledger import sqlite as sqlite_ledger

ONE = "CREATE TABLE movements (wallet TEXT, amount TEXT, n INTEGER); INSERT INTO movements VALUES ('w', '1.50', 2)"


def sqlite_file(folder: Path, script: str = ONE) -> Path:
    path = folder / "ledger.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
    return path


def parquet_file(folder: Path, select: str, name: str = "ledger.parquet") -> Path:
    path = folder / name
    with database(folder / "spill") as connection:
        connection.execute(f"COPY ({select}) TO {quoted(path)} (FORMAT parquet, ROW_GROUP_SIZE 2048)")
    return path


@pytest.mark.parametrize(
    ("asked", "amount"),
    [
        ({}, "1.5"),
        ({"table": "movements"}, "1.5"),
        ({"query": "SELECT wallet, n AS amount FROM movements -- all"}, "2"),
        ({"query": "WITH m AS (SELECT * FROM movements) SELECT wallet, n + 1 AS points FROM m;"}, "3"),
    ],
)
async def test_a_sqlite_file_is_read(asked: dict[str, str], amount: str, tmp_path: Path) -> None:
    """By its one table, a table that is named, or a query."""
    (found,) = await rows_of(SqliteLedger(sqlite_file(tmp_path), **asked), provider=loyalty)
    assert (found["line"], found["wallet"], found["amount"]) == (1, "w", Decimal(amount))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"table": "orders"}, "ledger.db has no table 'orders'; it has 'movements'"),
        ({"query": "SELECT * FROM orders"}, "no such table: orders"),
        ({"query": "SELEC"}, "syntax error"),
        ({"query": "SELECT 1; SELECT 2"}, "one statement at a time"),
        ({"query": "-- nothing"}, "the query of the ledger gives no rows"),
        ({"query": "INSERT INTO movements VALUES ('a', '1', 1)"}, "the query does more than read"),
        ({"query": "VACUUM INTO 'copy.db'"}, "authorization denied"),
        ({"query": "ATTACH 'other.db' AS other"}, "the query does more than read"),
        ({"query": "SELECT 1 AS wallet, 2 AS amount, 3 AS amount"}, "has the header 'amount' more than once"),
        ({"query": "SELECT 'w' AS wallet, 1.5 AS amount"}, "'amount' of ledger.db holds floats (REAL in row 1)"),
        ({"query": "SELECT 'w' AS wallet, x'00' AS amount"}, "'amount' of ledger.db holds bytes (BLOB in row 1)"),
        ({"query": "SELECT wallet, abs(-9223372036854775808) AS amount FROM movements"}, "integer overflow"),
        ({"query": "SELECT CAST(x'ff' AS TEXT) AS wallet, 1 AS amount"}, "Could not decode to UTF-8"),
    ],
)
async def test_what_sqlite_refuses_is_told(asked: dict[str, str], expected: str, tmp_path: Path) -> None:
    """One line each, and nothing is written."""
    path = sqlite_file(tmp_path)
    before = path.read_bytes()
    assert expected in await refused(SqliteLedger(path, **asked), provider=loyalty)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["ledger.db"]


async def _nothing_is_copied(folder: Path) -> None:
    path = sqlite_file(folder)
    query = f"VACUUM INTO '{folder / 'copy.db'}'"
    await refused(SqliteLedger(path, query=query), provider=loyalty)
    assert os.listdir(folder) == ["ledger.db"]


async def test_a_file_opened_for_reading_alone_fails_the_same_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotaged twin: without the authorizer SQLite writes a copy, though the file is open for reading only."""
    await _nothing_is_copied(tmp_path)
    (tmp_path / "ledger.db").unlink()

    def trusting(path: Path) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{path}?mode=ro", uri=True)

    monkeypatch.setattr(sqlite_ledger, "_connect", trusting)
    with pytest.raises(AssertionError):
        await _nothing_is_copied(tmp_path)


async def test_of_several_tables_one_has_to_be_named(tmp_path: Path) -> None:
    """None is picked."""
    path = sqlite_file(tmp_path, ONE + "; CREATE VIEW totals AS SELECT * FROM movements")
    message = await refused(SqliteLedger(path), provider=loyalty)
    assert message == "ledger.db is not told which table to read; it has 'movements', 'totals'"


def test_a_query_and_a_table_are_one_too_many(tmp_path: Path) -> None:
    """A ledger is one or the other."""
    with pytest.raises(InvalidInputError, match="a query or a table, not both"):
        SqliteLedger(tmp_path, query="SELECT 1", table="t")


async def test_parquet_types_are_taken_exactly(tmp_path: Path) -> None:
    """DECIMAL and INTEGER amounts, times with a zone and, where a zone is named, without one."""
    path = parquet_file(
        tmp_path,
        "SELECT 7::BIGINT AS wallet, 12345678901234567.89::DECIMAL(30, 2) AS amount, "
        "TIMESTAMPTZ '2024-01-31 12:00:00+03' AS created_at, TIMESTAMP_NS '2024-01-31 12:00:00.123456789' AS naive",
    )
    (found,) = await rows_of(ParquetLedger(path), provider=loyalty)
    assert (found["wallet"], found["amount"]) == ("7", Decimal("12345678901234567.89"))
    assert found["created_at"] == datetime(2024, 1, 31, 9)
    reading = Reading(columns={"created_at": "naive"}, zone="Europe/Istanbul")
    (found,) = await rows_of(ParquetLedger(path), reading, provider=loyalty)
    assert found["created_at"] == datetime(2024, 1, 31, 9, 0, 0, 123_456)


@pytest.mark.parametrize("kind", ["DOUBLE", "FLOAT"])
async def test_a_parquet_column_of_floats_is_refused(kind: str, tmp_path: Path) -> None:
    """As a whole, by its type, with what to do."""
    path = parquet_file(tmp_path, f"SELECT 'w' AS wallet, 1.5::{kind} AS amount")
    assert await refused(ParquetLedger(path), provider=loyalty) == (
        f"the column 'amount' of ledger.parquet holds floats ({kind}), which are not exact text or numbers: "
        "keep it as DECIMAL or text, or cast it in a query"
    )


@pytest.mark.parametrize("cut", [4, 100, 5_000])
async def test_a_parquet_file_that_is_cut_off_is_refused(cut: int, tmp_path: Path) -> None:
    """Wherever the end is missing."""
    path = parquet_file(tmp_path, "SELECT i AS wallet, i + 1 AS amount FROM range(10000) AS t(i)")
    path.write_bytes(path.read_bytes()[:-cut])
    assert "ledger.parquet is no whole Parquet file: " in await refused(ParquetLedger(path), provider=loyalty)


async def test_a_parquet_file_that_is_damaged_inside_is_refused(tmp_path: Path) -> None:
    """Where DuckDB finds out while it reads."""
    path = parquet_file(tmp_path, "SELECT i AS wallet, hash(i) AS amount FROM range(10000) AS t(i)")
    content = bytearray(path.read_bytes())
    content[200:20_000] = bytes(19_800)
    path.write_bytes(content)
    assert "ledger.parquet is no whole Parquet file: " in await refused(ParquetLedger(path), provider=loyalty)


def _twice(folder: Path) -> LedgerSource:
    """Write a file with one name twice; no honest writer does, so it is made in the footer."""
    path = parquet_file(folder, "SELECT {'points': 1} AS nested, 'w' AS wallet, '1' AS amount, '2' AS amoun_")
    path.write_bytes(path.read_bytes().replace(b"amoun_", b"amount"))
    return ParquetLedger(path)


async def test_a_parquet_header_that_is_there_twice_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DuckDB renames the second, so the names are read from the file; the sabotaged twin believes DuckDB."""
    message = await refused(_twice(tmp_path), provider=loyalty)
    assert message == "ledger.parquet has the header 'amount' more than once; each has to be there once"
    monkeypatch.setattr(parquet, "_outermost", lambda _: iter(("nested", "wallet", "amount", "amount_1")))
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        await refused(_twice(tmp_path), provider=loyalty)


async def test_a_name_with_wildcards_is_one_file(tmp_path: Path) -> None:
    """``*`` and ``[`` in a name are letters, and folders named like ``amount=9`` add no column."""
    folder = tmp_path / "amount=9"
    folder.mkdir()
    parquet_file(folder, "SELECT 'other' AS wallet, 2 AS amount", "ledger 1.parquet")
    path = parquet_file(folder, "SELECT 'w' AS wallet, 1 AS amount", "ledger [1]*.parquet")
    (found,) = await rows_of(ParquetLedger(path), provider=loyalty)
    assert (found["wallet"], found["amount"]) == ("w", 1)


async def test_the_order_of_a_parquet_file_is_kept(tmp_path: Path) -> None:
    """Rows are numbered as they stand there, over several row groups."""
    path = parquet_file(tmp_path, "SELECT 'w' AS wallet, i + 1 AS amount FROM range(20000) AS t(i) ORDER BY i")
    found = await rows_of(ParquetLedger(path), provider=loyalty)
    assert all(one["line"] == one["amount"] for one in found)
    assert len(found) == 20_000
