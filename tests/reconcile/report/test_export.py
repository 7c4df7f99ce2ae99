"""The differences as files: the same in every format, exact, and harmless in a spreadsheet."""

from __future__ import annotations

import csv
import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.reconcile.report.made import FIELDS, Made, complete, made, many, month
from wallet_async.engine.errors import InvalidInputError
from wallet_async.reconcile.database import database, quoted
from wallet_async.reconcile.model import DIFFERENCE_COLUMNS
from wallet_async.reconcile.report import check_suffix, export, write_differences

ODD = {
    "class": "amount_differs",
    "wallet": 'cust,"1"\twaty\r\n1',
    "ledger_line": 7,
    "ledger_kind": "credit",
    "ledger_amount": Decimal("12345678901234567890123456.123456789012"),
    "ledger_created_at": datetime(2026, 3, 1, 10, 11, 12, 500000),
    "reference": "=HYPERLINK(1)",
    "transaction_id": '\u2028\\"\x01',
    "amount": Decimal("0.000000000001"),
    "created_at": datetime(2026, 3, 1, 10, 11, 12),
    "detail": "-1 is not +1",
    "currency": "",
}


@pytest.fixture
def told(tmp_path: Path) -> Made:
    return made(tmp_path / "state", [ODD, *month(number=20)])


def written(told: Made, name: str) -> Path:
    """Write the differences beside *told*."""
    path = told.folder / name
    write_differences(path, told.differences, FIELDS, told.spill)
    return path


def kept(path: Path) -> list[dict[str, Any]]:
    """Read a Parquet file, times as texts."""
    with database(path.parent / "spill") as connection:
        found = connection.execute(
            "SELECT * REPLACE (CAST(ledger_created_at AS VARCHAR) AS ledger_created_at, "
            f"CAST(created_at AS VARCHAR) AS created_at) FROM read_parquet({quoted(path)}) ORDER BY id"
        )
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def expected() -> list[str]:
    """Give the columns that a file has."""
    return [name for column in DIFFERENCE_COLUMNS for name in (FIELDS if column == "wallet" else (column,))]


def moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def test_json_lines_say_the_same_as_parquet(told: Made) -> None:
    """Every column of every row, amounts with every digit, times with their zone."""
    lines = written(told, "d.jsonl").read_text("utf-8").removesuffix("\n").split("\n")
    rows = [json.loads(line, parse_float=Decimal) for line in lines]
    parquet = kept(written(told, "d.parquet"))
    assert [list(row) for row in rows] == [expected()] * 35  # 21 differences, 14 notes
    assert list(parquet[0]) == expected()
    for row, other in zip(sorted(rows, key=lambda row: row["id"]), parquet, strict=True):
        for name in ("ledger_created_at", "created_at"):
            assert row[name] is None or row[name].endswith("Z")
            row[name], other[name] = moment(row[name]), moment(other[name])
        assert row == other


def test_amounts_in_json_are_plain_numbers(told: Made) -> None:
    """No exponent, no padding, as the command line writes them."""
    text = written(told, "d.ndjson").read_text("utf-8")
    assert '"ledger_amount":12345678901234567890123456.123456789012,' in text
    assert '"amount":0.000000000001,' in text
    assert not re.search(r'amount":[\d.]+[eE]|amount":\d+\.\d*0,', text)


def test_a_padded_amount_would_be_found(told: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sabotaged twin: with amounts as DuckDB writes them the same check fails."""
    monkeypatch.setattr(export, "_text", lambda kind, value: f"{value}::VARCHAR")
    with pytest.raises(AssertionError):
        test_amounts_in_json_are_plain_numbers(told)


def test_csv_can_be_read_back(told: Made) -> None:
    """Quoted as RFC 4180 says; a text that a spreadsheet would run is disarmed, a number is not."""
    with written(told, "d.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    row = rows[complete(ODD)["id"]]
    assert list(row) == expected()
    assert (row["source_id"], row["wallet_id"]) == ('cust,"1"', "waty\r\n1")
    assert row["reference"] == "'=HYPERLINK(1)"
    assert row["detail"] == "'-1 is not +1"
    assert row["ledger_amount"] == "12345678901234567890123456.123456789012"
    assert row["ledger_created_at"] == "2026-03-01T10:11:12.500000Z"
    assert moment(row["created_at"]) == datetime(2026, 3, 1, 10, 11, 12, tzinfo=UTC)


def test_an_armed_cell_would_be_found(told: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sabotaged twin: without the guard the same check fails."""
    monkeypatch.setattr(export, "_FORMULA", "^never$")
    with pytest.raises(AssertionError):
        test_csv_can_be_read_back(told)


def test_files_are_the_same_every_time(tmp_path: Path) -> None:
    """In the order of the differences, byte for byte."""
    told = many(tmp_path / "state", 5000)
    for suffix in (".csv", ".jsonl", ".parquet"):
        first, second = (written(told, f"{name}{suffix}").read_bytes() for name in "ab")
        assert first == second
    with (told.folder / "a.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 5000
    assert [row["source_id"] for row in rows] == sorted(row["source_id"] for row in rows)


def test_no_difference_is_a_file_with_its_columns(tmp_path: Path) -> None:
    """A header and no rows."""
    told = made(tmp_path / "state", [])
    assert written(told, "d.csv").read_text().strip().split(",") == expected()
    assert written(told, "d.jsonl").read_text() == ""
    assert kept(written(told, "d.parquet")) == []


@pytest.mark.parametrize("name", ["differences.xlsx", "differences", "nowhere/differences.csv", "folder.csv"])
def test_a_file_that_cannot_be_written_is_refused_before(tmp_path: Path, name: str) -> None:
    """One line that names the path and what is expected."""
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InvalidInputError, match=r"\.parquet, \.csv|no folder|is a folder") as caught:
        check_suffix(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_failed_writing_leaves_the_old_file(told: Made) -> None:
    """Whole or not at all."""
    path = written(told, "d.csv")
    before = path.read_bytes()
    told.differences.write_bytes(b"no parquet")
    with pytest.raises(Exception, match="parquet"):
        written(told, "d.csv")
    assert path.read_bytes() == before
    assert not list(told.folder.glob(".*"))
