"""What the journal knows of each difference, written beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.journal.conformance import brought
from tests.reconcile.repair.differences import missing, only_there, read, unlike, write
from wallet_async.journal import Journal, JournalError
from wallet_async.journal.entry import State
from wallet_async.journal.sqlite import SqliteStore
from wallet_async.provider import load_provider
from wallet_async.reconcile import linking
from wallet_async.reconcile.linking import link

MARK = load_provider("rehook").mark
STATES: tuple[State, ...] = ("prepared", "sending", "applied", "refused", "in_doubt", "not_applied")


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    """Give a journal with an entry in each state, named after it, and the same of another provider."""
    store = await SqliteStore.open(tmp_path / "journal.db")
    for state in STATES:
        await brought(store, state, f"order-{state}")
    await brought(store, "in_doubt", "order-other", service="loyalty")
    async with Journal(store) as opened:
        yield opened


def differences(folder: Path) -> Path:
    """Write missing lines for each state, and rows that the provider shows of what is in doubt."""
    lines = [missing(line, reference=f"order-{state}") for line, state in enumerate([*STATES, "unknown", "other"], 2)]
    seen = unlike("amount_differs", 20, ("credit", 10), ("credit", 12), reference="order-in_doubt")
    unclaimed = only_there("missing_in_ledger", 21, mark=MARK("order-sending"))
    return write(folder / "differences.parquet", [*lines, seen, unclaimed, missing(30)])


async def linked(folder: Path, journal: Journal) -> dict[Any, dict[str, Any]]:
    """Link, and give the rows by their line; the one without a line is None's."""
    path = differences(folder)
    before = read(path)
    await link(path, journal, "rehook", folder / "spill")
    after = read(path)
    told = ("detail", "journal_state", "journal_reason")
    assert [{**row, **dict.fromkeys(told)} for row in after] == [{**row, **dict.fromkeys(told)} for row in before]
    return {row["ledger_line"]: row for row in after}


async def test_each_reference_gets_its_state(tmp_path: Path, journal: Journal) -> None:
    """By reference and of this provider; everything else is as it was, in the same order."""
    rows = await linked(tmp_path, journal)
    found = [rows[line]["journal_state"] for line in range(2, 10)]
    assert found == [*STATES, None, None]
    assert rows[30]["journal_state"] is None
    entry = await journal.entry("rehook", "order-not_applied")
    assert entry is not None
    assert rows[7]["journal_reason"] == entry.reason


async def test_what_may_still_come_is_told(tmp_path: Path, journal: Journal) -> None:
    """A line that is missing and in doubt is not to be booked again; what settles it stands there."""
    rows = await linked(tmp_path, journal)
    for line in (3, 6):  # sending, in_doubt
        assert rows[line]["detail"] == (
            "missing_at_provider it is; the journal has it in doubt: it may still come; "
            "`wallet-async journal resolve rehook` settles it"
        )
    assert rows[4]["detail"].endswith(
        "it is; the journal has it as booked; `wallet-async journal audit rehook` looks for it"
    )
    assert rows[5]["detail"] == "missing_at_provider it is"


async def test_what_came_is_told(tmp_path: Path, journal: Journal) -> None:
    """A row at the provider whose movement is in doubt can be settled; also one that only its mark names."""
    rows = await linked(tmp_path, journal)
    settles = "`wallet-async journal resolve rehook` settles it"
    assert rows[20]["detail"] == f"amount_differs it is; the journal has it in doubt; {settles}"
    assert rows[None]["detail"] == f"missing_in_ledger it is; the journal has it in doubt as order-sending; {settles}"
    assert rows[None]["journal_state"] == "sending"


async def test_to_link_again_says_it_once(tmp_path: Path, journal: Journal) -> None:
    """With what the journal knows by then: a run that is repeated ends as one that was not."""
    path = differences(tmp_path)
    await link(path, journal, "rehook", tmp_path / "spill")
    first = read(path)
    await link(path, journal, "rehook", tmp_path / "spill")
    assert read(path) == first
    await journal.decide("rehook", "order-in_doubt", booked=True, reason="seen in the panel")
    await link(path, journal, "rehook", tmp_path / "spill")
    (row,) = [row for row in read(path) if row["ledger_line"] == 20]
    assert (row["journal_state"], row["detail"]) == ("applied", "amount_differs it is")


async def test_the_order_stays_with_many_rows(tmp_path: Path, journal: Journal) -> None:
    """More rows than one batch of the database or of the journal."""
    path = write(tmp_path / "differences.parquet", [missing(line, reference=f"r-{line}") for line in range(5000)])
    before = [row["ledger_line"] for row in read(path)]
    await link(path, journal, "rehook", tmp_path / "spill")
    assert [row["ledger_line"] for row in read(path)] == before == list(range(5000))


async def test_a_journal_that_cannot_be_read_changes_nothing(
    tmp_path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is as it was."""
    path = differences(tmp_path)
    before = path.read_bytes()

    async def broken(*_: object) -> None:
        raise JournalError("the disk is broken")

    monkeypatch.setattr(journal, "entry", broken)
    with pytest.raises(JournalError):
        await link(path, journal, "rehook", tmp_path / "spill")
    assert path.read_bytes() == before


async def test_twin_a_link_by_references_alone(
    tmp_path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotaged twin: a row whose movement is in doubt, and which the ledger lacks, is not known."""
    monkeypatch.setattr(linking, "_OPEN", ("refused", "refused"))
    with pytest.raises(AssertionError):
        await test_what_came_is_told(tmp_path, journal)
