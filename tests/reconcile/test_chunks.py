"""The work is cut the same way each time, and its budget is what it takes."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallet_async.provider import HistoryRow
from wallet_async.reconcile.budget import Budget, history_requests
from wallet_async.reconcile.chunks import SIZE, cut
from wallet_async.reconcile.shard import unfit
from wallet_async.reconcile.wallets import chunks, figures, write_wallets

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@given(st.lists(st.text(), max_size=30), st.integers(1, 7))
def test_every_wallet_is_in_one_chunk(wallets: list[str], size: int) -> None:
    """In their order, none twice, none left out, none of the chunks empty or too long."""
    made = list(cut(wallets, size))
    assert [wallet for chunk in made for wallet in chunk.wallets] == wallets
    assert [chunk.number for chunk in made] == list(range(len(made)))
    assert all(1 <= len(chunk.wallets) <= size for chunk in made)


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """A ledger of 1,200 wallets, in no order, one with 20 rows and one with 41; and a line that is unreadable."""
    path = tmp_path / "ledger.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            f"""
            COPY (
                SELECT format('wallet-{{:04}}', number) AS wallet FROM range(1200) AS each(number),
                    range(CASE number WHEN 7 THEN 20 WHEN 8 THEN 41 ELSE 1 END)
                UNION ALL SELECT NULL ORDER BY hash(wallet)
            ) TO '{path}' (FORMAT parquet)
            """
        )
    return path


def test_the_wallets_of_a_ledger_are_cut_in_order(ledger: Path, tmp_path: Path) -> None:
    """Sorted, each once, those that were listed beside it too; the budget counts the request that a full page takes."""
    listed = tmp_path / "listed.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT 'a-new-one' AS wallet UNION ALL SELECT 'wallet-0001') TO '{listed}'")
    write_wallets(ledger, listed, tmp_path / "wallets.parquet", tmp_path / "spill")
    made = list(chunks(tmp_path / "wallets.parquet", tmp_path / "spill"))
    assert [len(chunk.wallets) for chunk in made] == [SIZE, SIZE, 201]
    texts = [wallet for chunk in made for wallet in chunk.wallets]
    assert texts == ["a-new-one", *(f"wallet-{number:04}" for number in range(1200))]
    found = figures(tmp_path / "wallets.parquet", tmp_path / "spill")
    assert (found.wallets, found.rows) == (1201, 1198 + 20 + 41)
    assert found.pages == 1199 + history_requests(20) + history_requests(41) == 1199 + 2 + 3


@pytest.mark.parametrize(
    ("rate", "concurrency", "latency", "seconds"),
    [(None, 50, 0.1, 2.0), (100.0, 50, 0.1, 10.0), (9000.0, 50, 0.1, 2.0)],
)
def test_a_budget_tells_the_time(rate: float | None, concurrency: int, latency: float, seconds: float) -> None:
    """1,000 requests: as many at once as may be, and no more a second than may be."""
    budget = Budget(wallets=500, rows=500, lookups=500, pages=500)
    assert budget.requests == 1000
    assert budget.seconds(rate=rate, concurrency=concurrency, latency=latency) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("kind", "amount", "problem"),
    [
        ("credit", 10, None),
        ("debit", Decimal("99999999999999999999999999.999999999999"), None),
        ("credit", Decimal("1.5000000000000000000"), None),
        (
            "credit",
            Decimal("0.0000000000001"),
            "its amount 1E-13 has more than 26 digits before the point or 12 after it",
        ),
        ("credit", 10**26, f"its amount {10**26} has more than 26 digits before the point or 12 after it"),
        ("expiry", 10, "its kind is 'expiry', neither credit nor debit"),
    ],
)
def test_a_row_that_cannot_be_compared_says_why(kind: str, amount: int | Decimal, problem: str | None) -> None:
    """Every amount that is kept is kept with all its digits."""
    assert unfit(HistoryRow(transaction_id="t", kind=kind, amount=amount, created_at=NOW)) == problem
