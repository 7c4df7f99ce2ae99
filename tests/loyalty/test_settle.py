"""What became of a credit: `settle` and `find` see past other wallets' rows, and never take a row for another."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

import loyalty_async.wire
from loyalty_async import LoyaltySession, OutcomeUnknownError
from loyalty_async.sandbox import LoyaltyApi
from tests.loyalty.common import DAY, OTHER, WALLET, book, credit, session, stand_in
from wallet_async.engine.events import DoubledEvent
from wallet_async.sandbox import Fault, Request, Sandbox


class _Crowded(LoyaltyApi):
    """After each page of a search, another wallet's row with the same reference arrives."""

    def arrive(self, request: Request, rows: int) -> None:
        reference = json.loads(request.body).get("ext_transaction_id")
        for _ in range(rows if reference else 0):
            self.ledger.append(OTHER, "credit", Decimal(25), reference=reference)


async def check_settle(settle: Callable[..., Any] = LoyaltySession.settle) -> None:
    """Lose an answer, bury the row under a page of others with its reference, and settle while more arrive."""
    api = _Crowded()
    for number in (WALLET, OTHER):
        api.add_wallet(number, balance=Decimal(1000))
    api.ledger.append(OTHER, "credit", Decimal(25), reference="order-1847")
    async with Sandbox(api) as sandbox, session(sandbox.url) as loyalty:
        sandbox.faults.add(Fault("close", operation="credit"))
        with pytest.raises(OutcomeUnknownError) as caught:
            await credit(loyalty)
        (entry,) = api.ledger.entries(WALLET)
        book(api, 25, wallet=OTHER, reference="order-1847")
        sandbox.faults.add(Fault("arrivals", rows=7))
        row = await settle(loyalty, caught.value)
        assert row is not None, "not found"
        assert (row.transaction_id, row.type, row.amount) == (entry.transaction_id, "credit", 25)
        since = datetime.now(UTC) - DAY
        assert await loyalty.find(WALLET, "order-1847", since=since) == row
        assert await loyalty.find(WALLET, "order-1848", since=since) is None
        assert sandbox.observed.requests["credit"] == 1


async def test_settle_looks_past_the_first_page_while_rows_arrive() -> None:
    """A lost answer is settled although two pages of other wallets' rows carry its reference and more arrive."""
    await check_settle()


async def test_sabotage_a_search_of_the_first_page_finds_nothing() -> None:
    """The same check fails for a `settle` that reads one page only."""

    async def first_page_only(loyalty: LoyaltySession, error: OutcomeUnknownError) -> Any:
        rows = await loyalty.transactions(OTHER).collect(limit=20)
        return next((row for row in rows if row.to_wallet_number == WALLET), None)

    with pytest.raises(AssertionError, match="not found"):
        await check_settle(first_page_only)


async def test_sabotage_a_search_by_reference_alone_takes_another_wallets_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same check fails where the wallet is not compared."""
    monkeypatch.setattr(loyalty_async.wire, "is_of", lambda *_: True)
    with pytest.raises(AssertionError):
        await check_settle()


@pytest.mark.parametrize(("kind", "amount"), [("debit", 25), ("credit", 24)])
async def test_a_row_of_another_kind_or_amount_settles_nothing(kind: str, amount: int) -> None:
    """`find` shows it, `settle` does not take it for the movement; absence is None, never "failed"."""
    async with Sandbox(stand_in()) as sandbox, session(sandbox.url) as loyalty:
        sandbox.faults.add(Fault("close", where="before", operation="credit"))
        with pytest.raises(OutcomeUnknownError) as caught:
            await credit(loyalty)
        assert await loyalty.settle(caught.value) is None
        sandbox.ledger.append(WALLET, kind, amount, reference="order-1847")
        assert await loyalty.settle(caught.value) is None
        row = await loyalty.find(WALLET, "order-1847", since=datetime.now(UTC) - DAY)
        assert (row.type, row.amount) == (kind, amount)


async def test_a_reference_that_was_booked_twice_is_reported() -> None:
    """The older row is given, and an event names both."""
    events: list[Any] = []
    api = stand_in()
    newest, oldest = book(api, 2, reference="twice")
    async with Sandbox(api) as sandbox, session(sandbox.url, on_event=events.append) as loyalty:
        row = await loyalty.find(WALLET, "twice", since=datetime.now(UTC) - DAY)
    assert row.transaction_id == oldest
    (doubled,) = [event for event in events if isinstance(event, DoubledEvent)]
    assert (doubled.reference, doubled.transaction_ids) == ("twice", (oldest, newest))
