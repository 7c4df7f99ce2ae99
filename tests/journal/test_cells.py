"""The fault matrix with a journal attached: claim, commits and journal agree, and asking again does what they allow."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.journal.cells import CHOSEN, EVERY, FAULTS, SEED, Cell, check
from tests.journal.journals import opened
from tests.journal.memory import MemoryStore
from tests.journal.postgres_server import PostgresServer
from wallet_async.journal.postgres import PostgresStore


def of(journal: str) -> pytest.MarkDecorator:
    """Give the chosen cells with one kind of journal."""
    return pytest.mark.parametrize("cell", [cell for cell in CHOSEN if cell.journal == journal], ids=str)


@of("file")
async def test_in_a_file(cell: Cell, tmp_path: Path) -> None:
    """The journal in a file, as it is on the disk when the call has ended."""
    print(f"seed {SEED}")
    async with opened(tmp_path / "journal.db") as store:
        await check(cell, store)


@of("server")
async def test_on_a_server(cell: Cell, postgres: PostgresServer, emptied: str) -> None:
    """The same on PostgreSQL."""
    print(f"seed {SEED}")
    store = await PostgresStore.open(postgres.url(emptied))
    try:
        await check(cell, store, watch=nullcontext)  # its pool makes connections whenever it likes
    finally:
        await store.aclose()


def test_no_cell_is_missing() -> None:
    """Each fault meets credits and debits of both providers on both journals; each row has a cell in every run."""
    assert len(set(EVERY)) == len(FAULTS) * 2 * 2 * 2
    rows = {*range(1, 5), 6, 7, *range(12, 40)} - {17, 18}  # 5 TLS, 8 to 11 and 17: tests of their own; 18 is 15
    assert {cell.row for cell in CHOSEN} == rows | {0}


@pytest.mark.parametrize("fault", ["15-rst-committed", "38-502-html-committed"])
async def test_twin_doubt_taken_for_unsent(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a journal that writes doubt down as "never left" the same check fails."""
    record = MemoryStore.record

    async def blind(store: MemoryStore, entry: object, state: str, **words: object) -> bool:
        return await record(store, entry, "prepared" if state == "in_doubt" else state, **words)

    monkeypatch.setattr(MemoryStore, "record", blind)
    with pytest.raises(AssertionError, match="claims UNKNOWN, and the journal says prepared"):
        await check(Cell(fault, "credit", "rehook", "memory"), MemoryStore())
