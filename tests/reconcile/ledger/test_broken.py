"""Broken input gets one clear line that names what is wrong, quickly, and leaves no file."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.reconcile.ledger.kit import HEADERS, ROW, refused, row, rows_of, source, text, written
from wallet_async.reconcile.ledger import CsvLedger, ParquetLedger, Reading, SqliteLedger
from wallet_async.reconcile.ledger import columns as finding
from wallet_async.reconcile.ledger import rows as reading_rows

HEAD = ",".join(HEADERS)
LINE = ",".join(ROW)
GOOD = f"{HEAD}\n{LINE}\n"


def one(**values: str) -> str:
    """Write a ledger of one line."""
    return text([HEADERS, row(**values)])


FILES: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "ledger.csv is empty; expected a line of headers"),
    "blank lines only": ("\n\n\n", "ledger.csv is empty; expected a line of headers"),
    "wrong columns": ("a,b\n1,2\n", "has no column 'source_id', 'wallet_id', 'amount'; its headers are 'a', 'b'"),
    "no headers": (f"{LINE}\n", "has no column 'source_id', 'wallet_id', 'amount'; its headers are 'krishna123'"),
    "a header twice": (
        f"source_id,wallet_id,amount,amount\n{LINE}\n",
        "ledger.csv has the header 'amount' more than once",
    ),
    "two that fit": (
        "source_id,wallet_id,amount,Points,kind\na,b,1,2,credit\n",
        "2 headers that may be amount: 'amount', 'Points'; say which one is meant with columns (--column amount=",
    ),
    "1e16": (one(amount="1e16"), "ledger.csv line 2: amount '1e16' has an exponent"),
    "decimal comma": (one(amount="12,50"), "line 2: amount '12,50' has a comma"),
    "thousands": (one(amount="1,234.50"), "line 2: amount '1,234.50' has a comma"),
    "NaN": (one(amount="NaN"), "line 2: amount 'NaN' is no plain decimal number"),
    "13 decimals": (one(amount="0.1234567890123"), "more than 12 after it"),
    "mixed zones": (
        GOOD + text([ROW, row(created_at="2024-01-31 23:59:59")]),
        "mixed zones: ledger.csv line 2: created_at '2024-01-31T23:59:59+03:00' names a zone, "
        "ledger.csv line 4: created_at '2024-01-31 23:59:59' names none",
    ),
    "mixed zones, the other way": (
        text([HEADERS, row(created_at="2024-01-31 23:59:59"), ROW]),
        "mixed zones: ledger.csv line 3",
    ),
    "no zone": (
        one(created_at="2024-01-31 23:59:59"),
        "line 2: created_at '2024-01-31 23:59:59' names no zone; write times with one (…+03:00), "
        "or name the one that all are in with zone (--zone Europe/Istanbul)",
    ),
    "no time of day": (one(created_at="2024-01-31"), "'2024-01-31' has no time of day"),
    "too few fields": (f"{GOOD}a,b,c\n", "ledger.csv line 3: it has 3 fields; the header has 8"),
    "too many fields": (f"{GOOD}{LINE},\n", "ledger.csv line 3: it has 9 fields; the header has 8"),
    "unclosed quote": (f'{GOOD}"krishna,waty\n{LINE}\n', "ledger.csv line 3: quotes do not match"),
    "unclosed quote, much behind it": (f'{GOOD}"krishna,\n' + f"{LINE}\n" * 3000, "line 3: quotes do not match"),
    "text behind a quote": (f'{HEAD}\n"krish"na,1,2\n', "ledger.csv line 2: quotes do not match"),
    "UTF-16": (GOOD.encode("utf-16"), "ledger.csv line 1 is no text in utf-8; expected a CSV file in UTF-8"),
    "UTF-16 without a mark": (GOOD.encode("utf-16-le"), "line 1 is no text in utf-8"),
    "Latin-1": (f"{GOOD}Müller{LINE}\n".encode("latin-1"), "ledger.csv line 3 is no text in utf-8"),
    "binary": (bytes(range(256)) * 100, "line 1 is no text in utf-8"),
    "zero byte": (f"{GOOD}kri\0shna\n", "ledger.csv line 3 is no text in utf-8"),
    "one endless line": ("x" * 1_100_000, "line 1 is longer than 1,000,000 characters"),
    "an endless line": (GOOD + "x" * 1_100_000, "line 3 is longer than 1,000,000 characters"),
    "unknown kind": (one(kind="refund"), "kind 'refund' is neither 'credit' nor 'debit'"),
    "below zero with a kind": (one(amount="-3"), "amount '-3' is below 0, while kind says"),
    "zero": (one(amount="0.00"), "line 2: amount is 0"),
    "empty wallet": (one(wallet_id=""), "ledger.csv line 2: wallet_id is empty"),
    "control character": (
        GOOD + text([row(wallet_id="a\x1b[2Jb")]),
        r"line 3: wallet_id must be text without control characters, not 'a\x1b[2Jb'",
    ),
}


@pytest.mark.parametrize("case", FILES)
async def test_a_broken_csv_file_gets_one_line(case: str, tmp_path: Path) -> None:
    """Each says which line is wrong, and what was expected."""
    content, expected = FILES[case]
    assert expected in await refused(CsvLedger(written(tmp_path, content)))


async def test_unreadable_lines_are_counted(tmp_path: Path) -> None:
    """The first is told, with how many more there are, and what to do to go on without them."""
    lines = [row(amount=amount) for amount in ("1", "x", "2", "1e16", "")]
    message = await refused(source(tmp_path, *lines))
    assert message == (
        "ledger.csv line 3: amount 'x' is no plain decimal number such as 12.50 (and 2 more); to go on without such "
        "lines and have them listed, say so with unreadable (--unreadable report)"
    )


async def test_unreadable_lines_are_reported(tmp_path: Path) -> None:
    """With `report`, each unreadable line is a row with its problem and, where it could be read, its wallet."""
    content = GOOD + text([row(amount="1e16"), ["a", "b"], row(wallet_id=""), ROW])
    found = await rows_of(CsvLedger(written(tmp_path, content)), Reading(unreadable="report"))
    assert [(one["line"], one["wallet"], one["problem"] and one["problem"][:22]) for one in found] == [
        (2, "krishna123\twaty_1", None),
        (3, "krishna123\twaty_1", "amount '1e16' has an e"),
        (4, None, "it has 2 fields; the h"),
        (5, None, "wallet_id is empty"),
        (6, "krishna123\twaty_1", None),
    ]
    assert {one["amount"] is None for one in found if one["problem"]} == {True}


async def test_mixed_zones_are_refused_whatever_is_asked(tmp_path: Path) -> None:
    """No zone and no leniency makes a column good in which some times name a zone and some do not."""
    ledger = source(tmp_path, ROW, row(created_at="2024-01-31 23:59:59"))
    assert "mixed zones" in await refused(ledger, Reading(unreadable="report", zone="Europe/Istanbul"))


FOREIGN: dict[str, tuple[Callable[[Path], Any], str]] = {
    "missing": (lambda folder: CsvLedger(folder / "no.csv"), "cannot be read: No such file or directory"),
    "a folder": (CsvLedger, "is a folder; expected a file"),
    "missing Parquet": (lambda folder: ParquetLedger(folder / "no.parquet"), "No such file or directory"),
    "a folder as Parquet": (ParquetLedger, "is a folder; expected a file"),
    "missing SQLite": (lambda folder: SqliteLedger(folder / "no.db"), "No such file or directory"),
    "CSV as Parquet": (lambda folder: ParquetLedger(written(folder, GOOD)), "ledger.csv is no whole Parquet file"),
    "CSV as SQLite": (lambda folder: SqliteLedger(written(folder, GOOD)), "file is not a database"),
    "empty as Parquet": (lambda folder: ParquetLedger(written(folder, "")), "is no whole Parquet file"),
    "empty as SQLite": (
        lambda folder: SqliteLedger(written(folder, "")),
        "is not told which table to read; it has none",
    ),
    "no gzip": (
        lambda folder: CsvLedger(written(folder, GOOD, "a.csv.gz")),
        "cannot be read behind line 0: Not a gzip",
    ),
    "gzip cut off": (
        lambda folder: CsvLedger(written(folder, gzip.compress(os.urandom(20_000).hex().encode())[:-9], "a.csv.gz")),
        "a.csv.gz cannot be read behind line 0",
    ),
}


@pytest.mark.parametrize("case", FOREIGN)
async def test_a_file_of_another_kind_gets_one_line(case: str, tmp_path: Path) -> None:
    """What is no file, or none of its kind, is told as that."""
    make, expected = FOREIGN[case]
    assert expected in await refused(make(tmp_path))


@pytest.mark.parametrize("kind", [CsvLedger, ParquetLedger, SqliteLedger])
async def test_five_gigabytes_of_nothing_are_refused_at_once(kind: Any, tmp_path: Path) -> None:
    """A file of 5 GB that is no ledger is not read to find that out."""
    path = tmp_path / "ledger.csv"
    with path.open("wb") as file:
        file.truncate(5_000_000_000)
    assert "ledger.csv" in await refused(kind(path))


async def _no_exponent_passes(folder: Path) -> None:
    assert "has an exponent" in await refused(source(folder, row(amount="1e16")))


async def _no_digit_is_lost(folder: Path) -> None:
    assert "more than 12 after it" in await refused(source(folder, row(amount="0.1234567890123")))


async def _no_zone_is_made_up(folder: Path) -> None:
    assert "names no zone" in await refused(source(folder, row(created_at="2024-01-31 23:59:59")))


async def _no_header_is_preferred(folder: Path) -> None:
    headers = ["points" if name == "currency" else name for name in HEADERS]
    assert "2 headers that may be amount" in await refused(source(folder, row(currency="9"), headers=headers))


def _lenient_amount(text: str | None) -> tuple[bool, str]:
    """Take what `TRY_CAST(… AS DECIMAL(38, 12))` takes."""
    value = f"{float(text or ''):.12f}"
    return value.startswith("-"), value.lstrip("-")


def _first_fit(*args: Any) -> int | None:
    """Find a header as a dict of lower-case names would."""
    _, names, name, _ = args
    wanted = {name, *finding._ALIASES.get(name, ())}
    return next((index for index, header in enumerate(names) if header.lower() in wanted), None)


def _assume_utc(text: str) -> Any:
    from datetime import UTC, datetime

    return datetime.fromisoformat(text).replace(tzinfo=UTC)


TWINS: dict[str, tuple[Callable[[Path], Any], Any, str, Any]] = {
    "a cast": (_no_exponent_passes, reading_rows, "amount", _lenient_amount),
    "rounding": (_no_digit_is_lost, reading_rows, "amount", _lenient_amount),
    "UTC": (_no_zone_is_made_up, reading_rows, "moment", _assume_utc),
    "the first of two headers": (_no_header_is_preferred, finding, "_by_name", _first_fit),
}


@pytest.mark.parametrize("case", TWINS)
async def test_a_lenient_reader_fails_the_same_check(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotaged twins: a reader that casts, rounds, assumes UTC, or takes the first of two headers reads on."""
    check, module, name, lenient = TWINS[case]
    await check(tmp_path)
    monkeypatch.setattr(module, name, lenient)
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        await check(tmp_path)
