"""The provider object and its commands, as the command line, the demo and the fixtures use them."""

import inspect
from decimal import Decimal
from pathlib import Path
from typing import Any

import loyalty_async.sandbox
from loyalty_async import OutcomeUnknownError
from loyalty_async.provider import provider
from wallet_async.engine.bulk import Done, Failed
from wallet_async.provider import Provider, load_provider
from wallet_async.sandbox import Fault


async def test_everything_above_the_engine_runs_through_the_provider(loyalty_sandbox: Any) -> None:
    """Wallets, movements, an unknown outcome settled, and the history, with a token fetched on the way."""
    found: Provider = load_provider("loyalty")
    assert found is provider
    api = loyalty_sandbox.api
    wallets = [found.add_wallet(api, number) for number in range(3)]
    loyalty_sandbox.faults.add(Fault("close", where="after", nth=3, operation="credit"))
    loyalty_sandbox.faults.add(Fault("close", where="before", nth=5, operation="credit"))
    movements = [
        found.movement(wallet, "credit", Decimal("0.30"), description="gift", reference=f"{wallet}-{number}")
        for wallet in wallets
        for number in range(3)
    ]
    async with found.session(found.sandbox_environ(loyalty_sandbox.url)) as session:
        results = [result async for result in found.apply(session, movements, concurrency=1)]
        unknown = [result.error for result in results if isinstance(result, Failed)]
        assert sum(isinstance(result, Done) for result in results) == 7
        assert all(isinstance(error, OutcomeUnknownError) for error in unknown)
        assert [await found.settle(session, error) for error in unknown] == [True, False]
        for wallet in wallets:
            rows = [row async for row in found.history(session, wallet)]
            truth = api.ledger.entries(wallet)
            assert [row.transaction_id for row in rows] == [entry.transaction_id for entry in reversed(truth)]
            assert {(row.kind, row.amount) for row in rows} == {("credit", Decimal("0.3"))}
            assert [row.mark for row in rows] == [found.mark(entry.reference) for entry in reversed(truth)]
    assert loyalty_sandbox.observed.requests["token"] == 1


async def test_rows_that_do_not_stand_are_no_part_of_the_history(loyalty_sandbox: Any, monkeypatch: Any) -> None:
    """A cancelled or refunded row moved nothing in the end: it neither counts nor settles."""
    row = loyalty_async.sandbox.history_row
    cancelled = {"order-2": 40, "order-3": 60, "order-4": 10}

    def changed(entry: Any, wallet: Any) -> dict[str, Any]:
        return row(entry, wallet) | {"transaction_status_id": cancelled.get(entry.reference, 20)}

    monkeypatch.setattr(loyalty_async.sandbox, "history_row", changed)
    wallet = provider.add_wallet(loyalty_sandbox.api, 1)
    async with provider.session(provider.sandbox_environ(loyalty_sandbox.url)) as session:
        for number in range(1, 5):
            movement = provider.movement(wallet, "credit", number, description="", reference=f"order-{number}")
            assert [result async for result in provider.apply(session, [movement], concurrency=1)]
        assert [row.amount async for row in provider.history(session, wallet)] == [1]
        assert len(await session.transactions(wallet).collect()) == 4


async def test_each_command_does_what_its_name_says(loyalty_sandbox: Any) -> None:
    """wallet, credit, debit and history call the session; every argument is explained."""
    wallet = provider.add_wallet(loyalty_sandbox.api, 1)
    commands = provider.commands()
    assert set(commands) == {"wallet", "credit", "debit", "history"}
    async with provider.session(provider.sandbox_environ(loyalty_sandbox.url)) as session:
        credited = await commands["credit"](session, wallet, Decimal("5.00"), reference="order-1")
        debited = await commands["debit"](session, wallet, Decimal("2.00"), reference="order-2")
        assert (credited.type, debited.type) == ("credit", "debit")
        assert (await commands["wallet"](session, wallet)).total_balance == 3
        assert [row.reference async for row in commands["history"](session, wallet)] == ["order-2", "order-1"]
    for command in commands.values():
        names = list(inspect.signature(command).parameters)[1:]
        assert all(f"{name}: " in (command.__doc__ or "") for name in names)


def test_the_stand_in_is_not_made_from_the_client() -> None:
    """The sandbox is written from the pages: a mistake that it shared with the wire would hide in both."""
    for name in ("", "_history", "_pages", "_token", "_openapi"):
        text = (Path(loyalty_async.sandbox.__file__).parent / f"sandbox{name}.py").read_text(encoding="utf-8")
        assert not any(f"loyalty_async.{module}" in text for module in ("wire", "models", "errors", "session"))
