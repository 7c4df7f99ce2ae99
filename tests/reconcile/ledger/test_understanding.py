"""`--check`: what the first rows are taken to mean, read as the whole would be."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.reconcile.ledger.kit import HEADERS, ROW, rehook, row, source
from wallet_async.engine.errors import InvalidInputError
from wallet_async.reconcile.ledger import Reading, understand


async def test_it_says_where_each_column_comes_from(tmp_path: Path) -> None:
    """By name or as named, with first values, the rows as understood, and what is left over."""
    headers = ["source_id", "wallet_id", "type", "points", "created_at", "txn", "ref", "note"]
    ledger = source(tmp_path, row(currency="hello"), row(kind="debit", amount="2", currency=""), headers=headers)
    found = await understand(ledger, Reading(columns={"transaction_id": "txn"}), rehook, tmp_path / "spill")
    assert [(one.name, one.header, one.named, one.values) for one in found.columns] == [
        ("source_id", "source_id", False, ("krishna123",)),
        ("wallet_id", "wallet_id", False, ("waty_1",)),
        ("kind", "type", False, ("credit", "debit")),
        ("amount", "points", False, ("12.50", "2")),
        ("created_at", "created_at", False, ("2024-01-31T23:59:59+03:00",)),
        ("transaction_id", "txn", True, ("txn-1",)),
        ("reference", "ref", False, ("order-1",)),
    ]
    assert found.missing == {"currency": "currencies are not compared"}
    assert found.unused == ("note",)
    assert (found.source, found.unit, found.looked_at, found.unreadable) == ("ledger.csv", "line", 2, 0)
    assert (found.credits, found.debits, found.wallets) == (Decimal("12.50"), Decimal(2), 1)
    assert found.rows[0].line == 2
    assert found.rows[0].wallet == "krishna123\twaty_1"
    assert found.rows[0].mark == rehook.mark("order-1")
    assert not list((tmp_path / "spill").iterdir())


async def test_it_says_what_is_missing_means(tmp_path: Path) -> None:
    """Without an id and a reference there is less to match by."""
    ledger = source(tmp_path, ("a", "b", "-1"), headers=("source_id", "wallet_id", "amount"))
    found = await understand(ledger, Reading(), rehook, tmp_path)
    assert found.missing["kind"].startswith("the sign of an amount says")
    assert found.missing["reference"] == "rows are matched by wallet, kind, amount and time only"
    assert found.missing["transaction_id"] == found.missing["reference"]
    assert (found.credits, found.debits) == (0, 1)


async def test_it_looks_at_the_first_rows_only(tmp_path: Path) -> None:
    """What is wrong far behind them is found when the whole is read."""
    ledger = source(tmp_path, *[ROW] * 1000, row(amount="x"))
    found = await understand(ledger, Reading(), rehook, tmp_path)
    assert (found.looked_at, len(found.rows), found.unreadable) == (1000, 5, 0)
    assert found.credits == Decimal("12500")


@pytest.mark.parametrize("broken", [row(amount="1e16"), row(created_at="2024-01-31 10:00:00"), row(wallet_id="")])
async def test_it_refuses_what_reading_would_refuse(broken: tuple[str, ...], tmp_path: Path) -> None:
    """With the same words."""
    ledger = source(tmp_path, broken)
    with pytest.raises(InvalidInputError, match=r"ledger\.csv line 2"):
        await understand(ledger, Reading(), rehook, tmp_path)


async def test_it_counts_what_is_to_be_reported(tmp_path: Path) -> None:
    """Unreadable rows are among those shown."""
    ledger = source(tmp_path, row(amount="1e16"), ["a"], ROW, headers=HEADERS)
    found = await understand(ledger, Reading(unreadable="report"), rehook, tmp_path)
    assert (found.looked_at, found.unreadable, found.wallets) == (3, 2, 1)
    assert [bool(one.problem) for one in found.rows] == [True, True, False]
