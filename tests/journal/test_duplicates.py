"""Row 64: Sipay may know an ``ext_transaction_id`` already, and say so in three shapes; each ends in one booking."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.faults.providers import AMOUNT, CLIENTS
from tests.journal.bench import Bench, opened
from tests.kit.bodies import LOYALTY_WALLET
from wallet_async.engine.errors import OutcomeUnknownError
from wallet_async.journal import once

CLIENT = CLIENTS["loyalty"]
SHAPES: dict[str, dict[str, Any]] = {
    "409 and code 301": {"deduplicate": True, "failure_status": 409},
    "400 and code 301": {"deduplicate": True, "failure_status": 400},
    "200 and the wallet, as the first time": {"deduplicate": "answered"},
}
AGO = timedelta(days=400)
REFUSED = [shape for shape, made in SHAPES.items() if made["deduplicate"] is True]


async def booked_before(bench: Bench, shape: str) -> None:
    """Let Sipay know the reference from a journal that is lost."""
    for name, value in SHAPES[shape].items():
        setattr(bench.sandbox.api, f"_{name}", value)
    long_ago = datetime.now(UTC) - AGO
    bench.sandbox.api.ledger.append(LOYALTY_WALLET, "credit", AMOUNT, reference="r-1", created_at=long_ago)


async def known_already(shape: str) -> None:
    """Ask for a credit whose reference is known for a long time.

    Raises:
        AssertionError: It was booked again, or its receipt was not given.
        WalletError: It was refused.
    """
    async with opened(CLIENT) as (bench, session):
        await booked_before(bench, shape)
        receipt = await CLIENT.write(session)
        assert (receipt.reference, receipt.amount) == ("r-1", AMOUNT)
        assert (bench.booked(), bench.state()) == (1, "applied")
        requests = bench.sandbox.observed.requests.total()
        assert await CLIENT.write(session) == receipt
        assert bench.sandbox.observed.requests.total() == requests


@pytest.mark.parametrize("shape", SHAPES)
async def test_a_reference_that_is_known_is_looked_up(shape: str) -> None:
    """Whoever asks gets the receipt of what is booked."""
    await known_already(shape)


@pytest.mark.parametrize("shape", REFUSED)
async def test_twin_looked_for_since_the_call(shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same where the history is read no further back than the journal goes."""
    settle = once.Once._settle

    async def since_the_call(self: once.Once, call: Any, entry: Any, _: Any) -> Any:
        return await settle(self, call, entry, once.begun(entry))

    monkeypatch.setattr(once.Once, "_settle", since_the_call)
    with pytest.raises(OutcomeUnknownError, match="does not show it"):
        await known_already(shape)


@pytest.mark.parametrize("shape", REFUSED)
async def test_twin_a_duplicate_taken_for_a_refusal(shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same where the answer is passed on as it is."""
    monkeypatch.setattr(once, "DuplicateError", ())
    with pytest.raises(Exception, match="Duplicate ext_transaction_id"):
        await known_already(shape)


async def of_another_amount(shape: str) -> None:
    """Ask for a credit whose reference stands for another amount.

    Raises:
        AssertionError: It was taken for booked.
    """
    async with opened(CLIENT) as (bench, session):
        await booked_before(bench, shape)
        with pytest.raises(OutcomeUnknownError, match="a person has to look"):
            await session.credit(LOYALTY_WALLET, AMOUNT + 1, currency_code="TRY", reference="r-1")
        assert bench.state() == "in_doubt"


@pytest.mark.parametrize("shape", REFUSED)
async def test_what_stands_for_another_amount_is_not_it(shape: str) -> None:
    """The amount is compared. (An answer like the first one tells no amount: there is nothing to compare.)"""
    await of_another_amount(shape)


@pytest.mark.parametrize("shape", REFUSED)
async def test_twin_the_amount_is_not_compared(shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same where the reference is enough."""
    monkeypatch.setattr("loyalty_async.reading._is", lambda row, movement: True)
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        await of_another_amount(shape)
