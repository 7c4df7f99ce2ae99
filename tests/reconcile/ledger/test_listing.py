"""Wallets listed beside the ledger: every line names one, or the list is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from os import utime
from pathlib import Path

import duckdb
import pytest

from rehook_async.provider import provider
from wallet_async.engine.errors import InvalidInputError
from wallet_async.reconcile.ledger import CsvLedger, ParquetLedger, Reading, SqliteLedger, read_wallets


async def listed(folder: Path, text: str, **columns: str) -> list[str]:
    (folder / "wallets.csv").write_text(text, "utf-8")
    into = folder / "listed.parquet"
    await read_wallets(CsvLedger(folder / "wallets.csv"), Reading(columns=columns), provider, into, folder / "spill")
    with duckdb.connect() as connection:
        return [wallet for (wallet,) in connection.execute(f"FROM read_parquet('{into}')").fetchall()]


async def test_a_list_needs_the_wallet_only(tmp_path: Path) -> None:
    """Other columns are left alone, also what no ledger could have; headers may be named."""
    found = await listed(tmp_path, "wallet_id,owner,points\nwaty_A,ada,1e16\nwaty_B,bob,\n", source_id="owner")
    assert found == ["ada\twaty_A", "bob\twaty_B"]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("source_id,wallet_id\nada,waty_A\nbob,\n", "wallets.csv line 3: wallet_id is empty"),
        ("source_id\nada\n", "wallets.csv has no column 'wallet_id'"),
        ("source_id,wallet_id\nada\n", "wallets.csv line 2: "),
    ],
)
async def test_a_line_without_a_wallet_is_refused(tmp_path: Path, text: str, error: str) -> None:
    """There is nothing that it could be reported as."""
    with pytest.raises(InvalidInputError, match=error):
        await listed(tmp_path, text)


def test_a_file_knows_of_what_was_booked_before_it_was_written(tmp_path: Path) -> None:
    """Its last writing counts, of SQLite that of its log too."""
    written = datetime(2026, 11, 1, 10, tzinfo=UTC)
    for made in (CsvLedger, ParquetLedger, SqliteLedger):
        path = tmp_path / "ledger"
        path.touch()
        utime(path, (written.timestamp(), written.timestamp()))
        assert made(path).as_of() == written
    (tmp_path / "ledger-wal").touch()
    assert SqliteLedger(tmp_path / "ledger").as_of() > written
