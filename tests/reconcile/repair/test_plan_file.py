"""``plan.csv`` as a file: the same each time, whole or not there, and refused once it is not what was written."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tests.reconcile.repair.differences import Row, difference, missing, only_there, unlike, write
from wallet_async.engine.errors import InvalidInputError
from wallet_async.provider import Provider, load_provider
from wallet_async.reconcile.repair import plan, sheet
from wallet_async.reconcile.repair.plan import PlanCounts, read_plan, write_plan

REHOOK = load_provider("rehook")
LOYALTY = load_provider("loyalty")
ROWS = [
    missing(2, reference="00123", amount="1.234", wallet="+905551234567\twaty_1"),
    missing(3, "debit", reference="order-2", amount="123456789012345678.000000000001", currency="EUR"),
    unlike("amount_differs", 4, ("credit", 10), ("credit", 12), detail="=cmd()"),
    only_there("missing_in_ledger", 5, created_at="2026-01-31 09:30:00.123456"),
    difference("ambiguous", ledger_line=6),
    difference("balance_differs", severity="note"),
]


def written(folder: Path, rows: Sequence[Row] = ROWS, provider: Provider = REHOOK) -> Path:
    """Write the plan of *rows*."""
    path = write(folder / "differences.parquet", rows)
    write_plan(folder / "plan.csv", path, provider, history=folder / "history", spill=folder / "spill")
    return folder / "plan.csv"


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Every digit, every text, in order of wallets; a movement where one is to be booked."""
    rows = read_plan(written(tmp_path), REHOOK)
    told = [(row.where, row.wallet[0], row.kind, row.amount, row.reference, row.why) for row in rows]
    fix = rows[1].reference
    assert told == [
        ("provider", "+905551234567", "credit", Decimal("1.234"), "00123", "missing_at_provider it is"),
        ("provider", "krishna123", "debit", Decimal(2), fix, "=cmd()"),
        ("provider", "krishna123", "debit", Decimal("123456789012345678.000000000001"), "order-2", rows[2].why),
        ("ledger", "krishna123", "credit", Decimal(10), None, "missing_in_ledger it is"),
    ]
    assert re.fullmatch("fix:[0-9a-f]{16}", str(fix))
    assert [row.movement is None for row in rows] == [False, False, False, True]
    movement = rows[0].movement
    assert movement is not None
    assert (movement.kind, movement.amount, movement.wallet, movement.reference) == (
        "credit",
        Decimal("1.234"),
        ("+905551234567", "waty_1"),
        "00123",
    )


def test_a_line_for_the_ledger_says_what_belongs_into_it(tmp_path: Path) -> None:
    """The provider's id and time: with them the next reconciliation finds the pair."""
    with written(tmp_path).open(newline="") as file:
        line = list(csv.DictReader(file))[-1]
    assert (line["transaction_id"], line["created_at"]) == ("trhi_x5", "2026-01-31T09:30:00.123456Z")
    assert datetime.fromisoformat(line["created_at"]).tzinfo is not None


def test_a_plan_names_wallets_and_currencies_as_the_provider_does(tmp_path: Path) -> None:
    """A wallet of one part has one column; a currency is the movement's."""
    path = written(tmp_path, [missing(2, reference="o-1", wallet="LYT_1", currency="EUR")], LOYALTY)
    assert path.read_text().startswith("difference,where,wallet_number,kind,amount,currency,reference,")
    (row,) = read_plan(path, LOYALTY)
    assert row.movement is not None
    assert row.movement.wallet == "LYT_1"
    assert getattr(row.movement, "currency_code", None) == "EUR"


def test_the_same_differences_give_the_same_file(tmp_path: Path) -> None:
    """Byte for byte, and counted; however the rows came."""
    first = written(tmp_path).read_bytes()
    assert written(tmp_path, ROWS[::-1]).read_bytes() == first
    folders = {"history": tmp_path / "history", "spill": tmp_path / "spill"}
    counts = write_plan(tmp_path / "plan.csv", tmp_path / "differences.parquet", REHOOK, **folders)
    assert counts == PlanCounts(provider=3, ledger=1, person={"ambiguous": 1}, journal=0, settled=0)


def test_no_difference_is_a_plan_without_rows(tmp_path: Path) -> None:
    """A header, which `apply` takes."""
    assert read_plan(written(tmp_path, []), REHOOK) == []


def test_a_plan_that_fails_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There whole or not at all: half a plan would be applied as if it were one."""
    before = written(tmp_path).read_bytes()

    def full(*_: object) -> list[str]:
        raise OSError("no space left")

    monkeypatch.setattr(plan, "_cells", full)
    with pytest.raises(OSError, match="no space"):
        written(tmp_path)
    assert (tmp_path / "plan.csv").read_bytes() == before
    assert not list(tmp_path.glob(".plan.csv*"))


def test_rows_may_be_deleted(tmp_path: Path) -> None:
    """That is what a person is asked to do; a blank line in their place is nothing."""
    path = written(tmp_path)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([lines[0], "\n", lines[2]]))
    assert [row.amount for row in read_plan(path, REHOOK)] == [Decimal(2)]


def test_a_spreadsheet_may_add_its_mark(tmp_path: Path) -> None:
    """A byte-order mark and Windows line ends are no other plan; nor is another reason in the last column but one."""
    path = written(tmp_path)
    expected = read_plan(path, REHOOK)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert read_plan(path, REHOOK) == expected


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give what stands in the plan of `ROWS`."""
    return written(tmp_path_factory.mktemp("plan")).read_text()


def replaced(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new, 1)


def doubled(text: str) -> str:
    lines = text.splitlines(keepends=True)
    return "".join([*lines, lines[1]])


BROKEN = [
    (lambda _: "", "it is empty; expected UTF-8 text, parted by commas, with the columns difference,where,source_id"),
    (lambda _: "a,b\n", "its columns are a,b; expected"),
    (replaced("amount", "points"), "its columns are difference,where,source_id,wallet_id,kind,points"),
    (lambda text: text.replace(",", ";"), "its cells are parted by semicolons, as some spreadsheets save them"),
    (replaced(",debit,2,", ",debit,200,"), "line 3: the row was changed since `reconcile --fix` wrote it"),
    (replaced(",debit,2,", ",debit,-2,"), "line 3: the row was changed"),
    (replaced(",debit,2,", ",credit,2,"), "line 3: the row was changed"),
    (replaced(",1.234,", ",1234,"), "line 2: the row was changed"),
    (replaced(",1.234,", ",1 234e,"), "line 2: the row was changed"),
    (replaced("'00123", "123"), "line 2: the row was changed"),
    (replaced("'+905551234567", "9.05551E+11"), "line 2: the row was changed"),
    (replaced("provider,", "nowhere,"), "line 2: the row was changed"),
    (replaced("provider,", "ledger,"), "line 2: the row was changed"),
    (replaced(",waty_1,", ","), "line 2: it has 13 cells, expected 14"),
    (doubled, "line 6: reference '00123' stands here twice; expected it once"),
    (lambda text: text + '"', "is not CSV (unexpected end of data); expected"),
]


@pytest.mark.parametrize(("change", "said"), BROKEN, ids=range(len(BROKEN)))
def test_a_plan_that_was_changed_is_refused(change: Callable[[str], str], said: str, text: str, tmp_path: Path) -> None:
    """One line that says where, what is wrong, and what is expected."""
    path = tmp_path / "plan.csv"
    path.write_text(change(text))
    assert path.read_text() != text
    with pytest.raises(InvalidInputError) as caught:
        read_plan(path, REHOOK)
    assert said in caught.value.message
    assert "\n" not in caught.value.message
    assert str(path) in caught.value.message


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """UTF-16, as a spreadsheet's "Unicode text"; and a folder."""
    path = written(tmp_path)
    path.write_bytes(path.read_text().encode("utf-16"))
    with pytest.raises(InvalidInputError, match="is not UTF-8; expected UTF-8 text"):
        read_plan(path, REHOOK)
    with pytest.raises(InvalidInputError, match="cannot be read: Is a directory"):
        read_plan(tmp_path, REHOOK)


def test_a_plan_of_another_provider_is_refused(tmp_path: Path) -> None:
    """Its columns name other parts of a wallet."""
    with pytest.raises(InvalidInputError, match="columns difference,where,wallet_number"):
        read_plan(written(tmp_path), LOYALTY)


def test_what_no_movement_can_be_is_refused_before_any_is_sent(tmp_path: Path) -> None:
    """A ledger may hold what the provider's session does not take."""
    path = written(tmp_path, [missing(2, reference="o-1"), missing(3, reference="o-2", wallet="..\twaty_1")])
    with pytest.raises(InvalidInputError, match=r"plan\.csv, line 2: source_id must be"):
        read_plan(path, REHOOK)


def test_twin_a_plan_without_its_seal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sabotaged twin: what a spreadsheet has made of an amount and of a reference is booked."""
    monkeypatch.setattr(plan, "seal", lambda *_: "")
    for change, said in (BROKEN[7], BROKEN[9], BROKEN[10]):
        with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
            test_a_plan_that_was_changed_is_refused(change, said, written(tmp_path).read_text(), tmp_path)


SHIELDED = ["=1+1", "+90555", "-1", "@x", "'quoted", "00123", "1e10", "2026-01-31", "12:30", "1.234,5", "12 345", "\tx"]
PLAIN = ["order-1", "fix:0123456789abcdef", "", "12ab", "2026-01-31T09:30:00Z", "a=b", "1e"]


def test_what_a_spreadsheet_would_change_is_shielded() -> None:
    """Formulas, numbers and dates get an apostrophe, other texts do not; each is read as it was."""
    assert [sheet.shielded(text) for text in SHIELDED] == [f"'{text}" for text in SHIELDED]
    assert [sheet.shielded(text) for text in PLAIN] == PLAIN
    assert [sheet.bare(sheet.shielded(text)) for text in SHIELDED + PLAIN] == SHIELDED + PLAIN
