"""Where a ledger is, as a user writes it, and how another ledger is told from the same one."""

from __future__ import annotations

import gzip
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.reconcile.ledger.kit import HEADERS, ROW, rows_of, source, text, written
from wallet_async.engine.errors import InvalidInputError
from wallet_async.reconcile.ledger import CsvLedger, ParquetLedger, PostgresLedger, SqliteLedger, open_ledger

PG = "postgresql://user@host/database"


@pytest.mark.parametrize(
    ("where", "asked", "expected"),
    [
        ("a.csv", {}, CsvLedger("a.csv")),
        ("A.CSV", {}, CsvLedger("A.CSV")),
        ("dir/a.csv.gz", {}, CsvLedger("dir/a.csv.gz")),
        ("a.tsv", {}, CsvLedger("a.tsv", delimiter="\t")),
        ("a.parquet", {}, ParquetLedger("a.parquet")),
        ("a.db", {}, SqliteLedger("a.db")),
        ("a.sqlite", {"table": "t"}, SqliteLedger("a.sqlite", table="t")),
        ("a.sqlite3", {"query": "SELECT 1"}, SqliteLedger("a.sqlite3", query="SELECT 1")),
        ("sqlite:///a%20b.file", {"table": "t"}, SqliteLedger("a b.file", table="t")),
        ("sqlite:////a/b.db", {}, SqliteLedger("/a/b.db")),
        (PG, {"query": "SELECT 1"}, PostgresLedger(PG, query="SELECT 1")),
    ],
)
def test_a_ledger_is_known_by_its_name(where: str, asked: dict[str, str], expected: Any) -> None:
    """By the ending of a file, or as a URL like a journal's."""
    assert open_ledger(where, **asked, environ={}) == expected


@pytest.mark.parametrize(
    ("where", "asked", "expected"),
    [
        ("ledger.xlsx", {}, "ledger must be a file (.csv, .csv.gz, .tsv, .parquet"),
        ("ledger", {}, "not 'ledger'"),
        ("mysql://u:canary@h/d", {}, "url must be a str such as 'sqlite:///"),
        ("a.csv", {"query": "SELECT 1"}, "query and table are for databases; a.csv is read as a whole"),
        ("a.parquet", {"table": "t"}, "query and table are for databases"),
        (PG, {}, "a ledger in PostgreSQL needs a query"),
        (PG, {"table": "t"}, "a ledger in PostgreSQL needs a query"),
        ("a.db", {"query": "SELECT 1", "table": "t"}, "a query or a table, not both"),
    ],
)
def test_what_is_no_ledger_is_told(where: str, asked: dict[str, str], expected: str) -> None:
    """Each names what would be one."""
    with pytest.raises(InvalidInputError) as caught:
        open_ledger(where, **asked, environ={})
    assert expected in str(caught.value)
    assert "canary" not in str(caught.value)


async def test_a_zipped_file_is_read(tmp_path: Path) -> None:
    """As the file in it."""
    ledger = CsvLedger(written(tmp_path, gzip.compress(text([HEADERS, ROW]).encode()), "ledger.csv.gz"))
    (found,) = await rows_of(ledger)
    assert found["reference"] == "order-1"


async def test_another_encoding_can_be_named(tmp_path: Path) -> None:
    """For files that nobody writes anew."""
    content = text([HEADERS, ("Müşteri", *ROW[1:])])
    for encoding in ("cp1254", "utf-16", "utf-8"):
        (found,) = await rows_of(CsvLedger(written(tmp_path, content.encode(encoding)), encoding=encoding))
        assert found["wallet"] == "Müşteri\twaty_1"


@pytest.mark.parametrize(
    "arguments", [{"encoding": "utf-99"}, {"delimiter": ""}, {"delimiter": "::"}, {"delimiter": '"'}]
)
def test_a_csv_ledger_is_checked_when_it_is_made(arguments: dict[str, Any]) -> None:
    """A mistake is told before the file is opened."""
    with pytest.raises(InvalidInputError, match=f"{next(iter(arguments))} must be"):
        CsvLedger("a.csv", **arguments)


def test_a_file_that_was_written_is_another_ledger(tmp_path: Path) -> None:
    """Its size or its time tell, and where it is."""
    ledger = source(tmp_path, ROW)
    first = ledger.fingerprint()
    assert first == CsvLedger(tmp_path / "." / "ledger.csv").fingerprint()
    os.utime(ledger.path, ns=(1, 1))
    second = ledger.fingerprint()
    source(tmp_path, ROW, ROW)
    assert len({first, second, ledger.fingerprint()}) == 3


def test_what_is_in_the_log_of_a_sqlite_file_tells_too(tmp_path: Path) -> None:
    """In WAL mode, what was written last stands beside the file; and another query is another ledger."""
    path = tmp_path / "ledger.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE t (a)")
        connection.commit()
        first = SqliteLedger(path).fingerprint()
        connection.execute("INSERT INTO t VALUES (1)")
        connection.commit()
        assert SqliteLedger(path).fingerprint() != first
    assert SqliteLedger(path).fingerprint() != SqliteLedger(path, table="t").fingerprint()
