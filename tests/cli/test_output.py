"""What results look like: columns, exact numbers, CSV that no spreadsheet runs, tables that fit."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from attrs import field, frozen
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from wallet_async.cli import tables, writers
from wallet_async.cli.columns import columns, local, plain, row_type, text
from wallet_async.cli.layout import GAP, Strip, fit, strips
from wallet_async.cli.tables import TableWriter
from wallet_async.cli.writers import CsvWriter, JsonWriter, OutputError, put

MOMENT = datetime(2026, 1, 31, 9, 30, tzinfo=timezone(timedelta(hours=3)))
BIG = Decimal("12345678901234567.89")


@frozen(kw_only=True)
class Inner:
    available: Decimal | None = None
    secret: str = field(default="", repr=False)


@frozen(kw_only=True)
class Row:
    row_id: str
    amount: int | Decimal = 1
    at: datetime = MOMENT
    changed: datetime = MOMENT
    note: str = ""
    inner: Inner | None = None
    extra: Mapping[str, Any] = field(factory=dict)


def _many() -> list[Row]: ...


def _unsaid() -> list[Any]: ...


def test_columns_are_the_fields_nested_ones_with_a_dot() -> None:
    """Order and names are the class's own; what `repr` leaves out is not for a table."""
    found = columns(Row)
    assert [column.name for column in found] == [
        *("row_id", "amount", "at", "changed", "note", "inner.available", "inner.secret", "extra")
    ]
    assert [column.name for column in found if not column.shown] == ["inner.secret"]
    assert [column.of(Row(row_id="a")) for column in found][5:7] == [None, None]


def test_the_header_is_known_before_the_first_row() -> None:
    """The class of the rows is read from the return annotation, where there is one."""
    assert row_type(_many) is Row
    assert row_type(_unsaid) is None


def test_json_keeps_every_digit_and_ids_are_strings(capsys: pytest.CaptureFixture[str]) -> None:
    """A line an object: exact numbers without exponent, times in UTC, half of a surrogate pair replaced."""
    writer = JsonWriter(Row)
    writer.row(Row(row_id="007", amount=BIG, note="a\ud800b", inner=Inner(available=Decimal("1E+3")), extra={"k": [1]}))
    line = capsys.readouterr().out
    assert line.count("\n") == 1
    assert '"amount":12345678901234567.89' in line
    assert '"available":1000' in line
    read = json.loads(line)
    assert read["row_id"] == "007"
    assert read["at"] == "2026-01-31T06:30:00Z"
    assert read["note"] == "a\ufffdb"
    assert read["extra"] == {"k": [1]}


def _through_csv(row: Row, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    writer = CsvWriter(Row)
    writer.row(row)
    writer.end()
    (read,) = csv.DictReader(io.StringIO(capsys.readouterr().out, newline=""))
    return read


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_csv_disarms_what_a_spreadsheet_would_run(
    start: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A text that begins like a formula gets an apostrophe, a negative number does not; without the rule it runs."""
    armed = f"{start}HYPERLINK(1)"
    read = _through_csv(Row(row_id="a", amount=Decimal("-1.50"), note=armed), capsys)
    assert read["note"] == f"'{armed}"
    assert read["amount"] == "-1.50"
    monkeypatch.setattr(writers, "_FORMULA", ("\0",))
    assert _through_csv(Row(row_id="a", note=armed), capsys)["note"].strip() == armed.strip()


@pytest.mark.parametrize("note", ["a,b", 'say "hi"', "two\nlines", "cr\rlf\r\n", "İşlem", ""])
def test_csv_comes_back(note: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Separators, quotes and line breaks inside a text survive, and so do the other columns."""
    read = _through_csv(Row(row_id="a", amount=BIG, note=note, inner=Inner(available=Decimal("0.10"))), capsys)
    assert read["note"] == note
    assert (read["amount"], read["inner.available"], read["at"]) == (str(BIG), "0.10", "2026-01-31T06:30:00Z")


def test_csv_has_its_header_once_and_also_without_rows(capsys: pytest.CaptureFixture[str]) -> None:
    """A program that reads the file finds the columns whatever came."""
    writer = CsvWriter(Row)
    writer.end()
    writer.end()
    assert capsys.readouterr().out == "row_id,amount,at,changed,note,inner.available,inner.secret,extra\n"


def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be written is no failure of the call; a reader that has gone is something else again."""
    with open("/dev/full", "w") as full:
        monkeypatch.setattr("sys.stdout", full)
        with pytest.raises(OutputError, match="No space left"):
            put("x" * 100_000)
        monkeypatch.undo()
        with contextlib.suppress(OSError):  # what is still held back fails once more
            full.close()


def test_cells_are_exact_and_plain() -> None:
    """Numbers have every digit and no exponent; nothing is shown for None and for an empty object."""
    assert [text(value) for value in (BIG, Decimal("1E+3"), 7, True, None, {}, {"a": 1}, ("x", "y"))] == [
        *("12345678901234567.89", "1000", "7", "true", "", "", '{"a":1}', "x y")
    ]
    assert plain(Row(row_id="a"))["inner"] is None


def test_times_are_local_with_their_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person reads the clock on the wall, to the second, and which clock; no year is too far."""
    assert local(MOMENT).startswith(f"{MOMENT.astimezone():%Y-%m-%d %H:%M:%S} ")
    assert local(datetime.min.replace(tzinfo=UTC))
    assert local(datetime.max.replace(tzinfo=UTC))


def test_points_stand_under_one_another() -> None:
    """Numbers are padded so that, set to the right, their points meet."""
    rows = [Row(row_id="a", amount=5), Row(row_id="b", amount=Decimal("12.50")), Row(row_id="c", amount=Decimal("0.1"))]
    amount = next(strip for strip in strips(columns(Row), rows) if strip.name == "amount")
    shown = [cell.rjust(amount.natural) for cell in amount.cells]
    assert amount.right
    assert {cell.ljust(9).index(".") for cell in shown[1:]} == {shown[0].rstrip().__len__()}


def test_a_table_leaves_out_what_says_nothing() -> None:
    """Empty columns go, and a time that is the same as another in every row; what tells rows apart stays whole."""
    made = strips(columns(Row), [Row(row_id="a", note="x" * 40), Row(row_id="b")])
    assert [strip.name.partition(" ")[0] for strip in made] == ["row_id", "amount", "at", "note"]
    assert [strip.foldable for strip in made] == [False, False, False, True]
    moved = Row(row_id="a", changed=MOMENT + timedelta(days=1))
    assert "changed" in [strip.name.partition(" ")[0] for strip in strips(columns(Row), [moved])]


def test_nothing_in_a_table_acts_on_the_terminal() -> None:
    """Escape sequences in other people's texts become blanks."""
    (strip,) = (one for one in strips(columns(Row), [Row(row_id="a", note="\x1b[31mred\x9b2J")]) if one.name == "note")
    assert strip.cells[0].isprintable()


def test_columns_that_do_not_fit_are_named(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A narrow terminal gets the first columns whole, and is told which others there are."""
    monkeypatch.setattr(tables, "standard_output", lambda: Console(width=40))
    writer = TableWriter(Row)
    writer.row(Row(row_id="an-id-of-20-letters-", note="hidden"))
    writer.end()
    shown = capsys.readouterr().out
    assert "an-id-of-20-letters-" in shown
    assert "hidden" not in shown
    assert "left out, too wide: at" in shown
    assert max(map(len, shown.splitlines())) <= 40


_strip = st.builds(
    Strip,
    name=st.text("n", min_size=1, max_size=12),
    cells=st.lists(st.text("c", max_size=60), min_size=1, max_size=3).map(tuple),
    right=st.booleans(),
    foldable=st.booleans(),
)


@given(st.lists(_strip, min_size=1, max_size=8), st.integers(min_value=10, max_value=200))
def test_a_table_fits(made: list[Strip], room: int) -> None:
    """Whatever the columns, what is printed is no wider than the room, and only what may fold is folded."""
    widths = fit(made, room)
    assert 1 <= len(widths) <= len(made)
    assert sum(widths) + GAP * (len(widths) - 1) <= room
    for strip, width in list(zip(made, widths, strict=False))[1:]:
        assert width <= strip.natural
        assert strip.foldable or width == strip.natural
