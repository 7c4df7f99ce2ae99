"""Row 63: what the provider has reversed was booked once. It is never sent again, and a person is told."""

from __future__ import annotations

from typing import Any

import pytest

import loyalty_async.reading
import loyalty_async.sandbox
import rehook_async.reading
from tests.faults.providers import CLIENTS, Client
from tests.journal.bench import EVERY, SENDING, Bench, D, L, opened
from wallet_async.engine.events import PersonNeededEvent, SettledEvent
from wallet_async.engine.once import TAKEN_BACK
from wallet_async.journal import audit
from wallet_async.sandbox import Fault

BLIND = Fault("status", operation="transactions", status=500)


def take_back(bench: Bench) -> None:
    """Reverse what is booked, as somebody at the provider does."""
    (entry,) = [entry for entry in bench.sandbox.ledger.entries() if bench.client.is_ours(entry, "r-1")]
    bench.sandbox.api.take_back(entry)


async def taken_back(client: Client) -> None:
    """Lose the answer of a credit that is booked and taken back before anybody reads the history.

    Raises:
        AssertionError: It was not taken for booked, or sent again, or nobody was told.
    """
    async with opened(client) as (bench, session):
        bench.sandbox.faults.add(BLIND)
        await bench.lose(session)
        take_back(bench)
        bench.sandbox.faults.clear()
        await bench.hands.advance(2 * EVERY)
        assert bench.state() == "applied", f"taken for {bench.state()}"
        assert [event.reason for event in bench.told(PersonNeededEvent)] == [TAKEN_BACK], "nobody was told"
        assert bench.store.entries[client.name, "r-1"].reason == TAKEN_BACK
        (settled,) = bench.told(SettledEvent)
        assert (settled.state, settled.reason) == ("applied", TAKEN_BACK)
        commits = bench.sandbox.observed.commits
        receipt = await client.write(session)
        assert receipt.reference == "r-1"
        assert bench.sandbox.observed.commits == commits == 1, "sent again"
        assert await session._once.resolver.audit.everything() == 1


async def test_what_was_taken_back_was_booked(client: Client) -> None:
    """Applied, with the reason in the journal, an event, and a finding of every audit."""
    await taken_back(client)


async def test_twin_nobody_asks_what_the_other_rows_are(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same where what takes it back is overlooked."""
    monkeypatch.setattr(rehook_async.reading, "_odd", lambda *_, **__: None)
    monkeypatch.setattr(loyalty_async.reading, "_odd", lambda *_: None)
    with pytest.raises(AssertionError, match="nobody was told"):
        await taken_back(client)


async def test_a_call_that_finds_it_tells_as_well(client: Client) -> None:
    """Whoever asks again before the resolver has looked gets the receipt, and the event comes all the same."""
    async with opened(client) as (bench, session):
        bench.sandbox.faults.add(BLIND)
        await bench.lose(session)
        take_back(bench)
        bench.sandbox.faults.clear()
        receipt = await client.write(session)
        assert (receipt.reference, bench.state()) == ("r-1", "applied")
        assert [event.reason for event in bench.told(PersonNeededEvent)] == [TAKEN_BACK]


async def test_what_is_taken_back_later_is_found_by_an_audit(client: Client) -> None:
    """Long after its receipt was given."""
    async with opened(client) as (bench, session):
        await client.write(session)
        await bench.hands.advance(L + 2 * EVERY)
        assert await session._once.resolver.audit.everything() == 0
        take_back(bench)
        assert await session._once.resolver.audit.everything() == 1
        assert [event.reason for event in bench.told(PersonNeededEvent)] == [TAKEN_BACK]


async def test_what_was_cancelled_may_never_have_been_booked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sipay's pages do not say when a movement is cancelled: a person has to look, and nothing is sent."""
    row = loyalty_async.sandbox.history_row
    monkeypatch.setattr(
        loyalty_async.sandbox,
        "history_row",
        lambda *words, **more: row(*words, **more) | {"transaction_status_id": 40},
    )
    async with opened(CLIENTS["loyalty"]) as (bench, session):
        await bench.lose(session)
        await bench.hands.advance(SENDING + D + L + 50)
        assert bench.state() == "in_doubt"
        assert [event.reason for event in bench.told(PersonNeededEvent)] == ["its row is not completed (status 40)"]


async def taken_out(client: Client) -> None:
    """Book two credits, and let the row of one leave the history, or be merged with others.

    Raises:
        AssertionError: It was not reported, or the other one was, or it was reported too early or too late.
    """
    async with opened(client) as (bench, session):
        audits = session._once.resolver.audit
        bench.sandbox.faults.add(Fault("lag", seconds=(L, L)))
        await client.write(session, reference="r-0")
        await client.write(session)
        assert await audits.everything() == 0, "it need not show yet"
        bench.sandbox.faults.clear()
        await bench.hands.advance(L + 2 * EVERY)
        (entry,) = [entry for entry in bench.sandbox.ledger.entries() if client.is_ours(entry, "r-1")]
        bench.sandbox.ledger.hidden.add(entry.transaction_id)
        assert await audits.everything() == 1, "not reported"
        (event,) = bench.told(PersonNeededEvent)
        assert (event.reference, event.reason) == (
            "r-1",
            "it is booked, and the history shows it no more: taken out, or merged",
        )
        commits = bench.sandbox.observed.commits
        await client.write(session)
        assert bench.sandbox.observed.commits == commits, "sent again"
        bench.hands.passed += 8 * 86_400
        assert await audits.everything() == 0, "it may have become too old for the history"


async def test_what_was_taken_out_is_found_by_an_audit(client: Client) -> None:
    """What is known to be booked has to show, from L on and as long as no history forgets it."""
    await taken_out(client)


async def test_twin_what_is_missing_is_not_missed(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same where an audit only looks for doubles."""

    async def doubles_only(one: Any, entry: Any) -> bool:
        return (await one._history.sight(entry)).doubled

    monkeypatch.setattr(audit.Audit, "_look", doubles_only)
    with pytest.raises(AssertionError, match="not reported"):
        await taken_out(client)
