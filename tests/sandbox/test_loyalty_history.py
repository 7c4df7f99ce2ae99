"""SummaryRecordByFilter of the Sipay stand-in."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from loyalty_async.sandbox import LoyaltyApi
from tests.sandbox.test_loyalty_api import HISTORY, INCREASE, NUMBER, movement, post
from wallet_async.sandbox import Sandbox


async def history(sandbox: Sandbox[Any], **wanted: Any) -> list[str]:
    """Give the references of one page of the history."""
    response = await post(sandbox, HISTORY, {"order_column": "CreatedDateUtc"} | wanted)
    assert response.status == 200, response.body
    return [row["ext_transaction_id"] for row in response.json()["payload"]["results"]]


async def test_the_history_is_filtered_ordered_and_paged() -> None:
    """Wallet numbers, reference, order, page and window select as the page says."""
    now = datetime(2025, 5, 10, 12, tzinfo=UTC)
    async with Sandbox(LoyaltyApi(clock=lambda: now, first_page_index=1)) as sandbox:
        for number in ("A", "B"):
            sandbox.api.add_wallet(number, balance=100)
        for hours, wallet, kind in (
            (100, "A", "credit"),
            (50, "A", "debit"),
            (20, "B", "credit"),
            (1, "A", "credit"),
        ):
            at = now - timedelta(hours=hours)
            sandbox.ledger.append(wallet, kind, 1, reference=f"{wallet}{hours}", created_at=at)
        old = (now - timedelta(days=9)).isoformat()
        assert await history(sandbox) == ["A50", "B20", "A1"]  # three days, unless told
        assert await history(sandbox, start_date=old, order_by="desc") == ["A1", "B20", "A50", "A100"]
        assert await history(sandbox, start_date=old, end_date="2025-05-09T00:00:00Z") == ["A100", "A50"]
        assert await history(sandbox, start_date=old, to_wallet_number="A") == ["A100", "A1"]
        assert await history(sandbox, from_wallet_number="A") == ["A50"]
        assert await history(sandbox, from_wallet_number="A", to_wallet_number="A") == ["A50", "A1"]
        assert await history(sandbox, wallet_number="B") == ["B20"]
        assert await history(sandbox, ext_transaction_id="A1") == ["A1"]
        assert await history(sandbox, ext_transaction_id="A1", wallet_number="B") == []
        assert await history(sandbox, page_size=2, page_index=2) == ["A1"]


async def test_a_history_by_the_wallets_id_looks_at_no_other_wallet(monkeypatch: pytest.MonkeyPatch) -> None:
    """A million rows elsewhere cost it nothing: they are not searched for its own."""
    async with Sandbox(LoyaltyApi()) as sandbox:
        for number in ("A", "B"):
            sandbox.api.add_wallet(number, wallet_id=f"id of {number}", balance=100)
            sandbox.ledger.append(number, "credit", 1, reference=f"{number}1")
        entries = sandbox.ledger.entries
        looked: list[object] = []
        monkeypatch.setattr(sandbox.ledger, "entries", lambda wallet=None: looked.append(wallet) or entries(wallet))
        assert await history(sandbox, wallet_id="id of B") == ["B1"]
        assert await history(sandbox, wallet_id="nobody's") == []
        assert looked == ["B"]


@pytest.mark.parametrize(
    "wanted",
    [
        {"order_column": ""},
        {"order_by": "up"},
        {"page_size": 0},
        {"page_index": -1},
        {"start_date": "yesterday"},
        {"end_date": 5},
        {"wallet_number": 5},
    ],
)
async def test_a_wrong_filter_is_refused(wanted: dict[str, Any]) -> None:
    """A field of a filter that cannot be read gets the validation envelope, not a guess."""
    async with Sandbox(LoyaltyApi()) as sandbox:
        response = await post(sandbox, HISTORY, {"order_column": "CreatedDateUtc"} | wanted)
        assert (response.status, response.json()["code"]) == (400, "999")


async def test_a_row_of_the_history_names_its_side() -> None:
    """Amounts keep their zeros, dates have seven digits, a credit goes to the wallet."""
    at = datetime(2025, 5, 1, 9, tzinfo=UTC)
    async with Sandbox(LoyaltyApi(clock=lambda: at)) as sandbox:
        sandbox.api.add_wallet(NUMBER)
        await post(sandbox, INCREASE, movement(tx_group_correlation_id=10**19))
        response = await post(sandbox, HISTORY, {"order_column": "CreatedDateUtc"})
        assert b'"tx_base_amount": 25.00,' in response.body
        assert b'"created_date_utc": "2025-05-01T09:00:00.0000001+00:00"' in response.body
        (row,) = response.json()["payload"]["results"]
        assert (row["to_wallet_number"], row["from_wallet_number"]) == (NUMBER, None)
        assert row["tx_group_correlation_id"] == 10**19
