"""What the history cannot tell is left to a person, and what is not as it should be is reported."""

from __future__ import annotations

from typing import Any

import pytest

import loyalty_async.reading
import loyalty_async.sandbox
import loyalty_async.wire
import rehook_async.reading
import rehook_async.sandbox
import rehook_async.wire
from tests.faults.loyalty_client import OTHER_WALLET
from tests.faults.providers import AMOUNT, CLIENTS, Client
from tests.journal.bench import EVERY, SENDING, SETTLING, D, L, late, opened
from wallet_async.engine.errors import OutcomeUnknownError, RefusedError
from wallet_async.engine.events import DoubledEvent, PersonNeededEvent
from wallet_async.journal import Settling, once
from wallet_async.sandbox import Fault


async def test_a_commit_later_than_believed_is_reported_when_it_doubles(client: Client) -> None:
    """Beyond D nobody can know: the next call sends again, and the double is reported when it shows."""
    async with opened(client) as (bench, session):
        await bench.lose(session, fault=late(150))
        await bench.hands.advance(SENDING + D + L + 3 * EVERY)
        assert bench.state() == "not_applied"
        await client.write(session)
        assert (bench.booked(), bench.state()) == (1, "applied")
        await bench.hands.advance(200)
        assert bench.booked() == 2
        (event,) = bench.told(DoubledEvent)
        assert (event.reference, len(event.transaction_ids)) == ("r-1", 2)
        await bench.hands.advance(5000)
        assert len(bench.told(DoubledEvent)) == 1, "once is enough"


async def found_by_the_next_call(client: Client) -> None:
    """Let a row come after its absence was proved, and ask again.

    Raises:
        AssertionError: It was booked twice, or nobody was told.
    """
    async with opened(client) as (bench, session):
        await bench.lose(session, fault=late(150))
        await bench.hands.advance(250)
        assert (bench.booked(), bench.state()) == (1, "not_applied")
        (event,) = bench.told(PersonNeededEvent)
        assert (event.reference, event.service) == ("r-1", client.name)
        assert "after it had been proved absent" in event.reason
        receipt = await client.write(session)
        assert (receipt.reference, bench.booked(), bench.state()) == ("r-1", 1, "applied")


async def test_a_commit_later_than_believed_is_found_by_the_next_call(client: Client) -> None:
    """Whoever asks again after it came gets its receipt, nothing is sent, and a person was told before."""
    await found_by_the_next_call(client)


async def test_twin_sent_again_without_a_last_look(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same where nobody looks before it is sent again."""

    async def nothing(*_: Any) -> None:
        pass

    monkeypatch.setattr(once.Once, "_booked_before", nothing)
    with pytest.raises(AssertionError):
        await found_by_the_next_call(client)


async def test_every_double_is_found_by_an_audit(client: Client) -> None:
    """Also one that nobody watched: a box in between sent it twice, or the process ended meanwhile."""
    async with opened(client) as (bench, session):
        for number in range(5):
            await client.write(session, reference=f"r-{number}")
        assert await session._once.resolver.audit.everything() == 0
        client.plant(bench.sandbox.api, "r-3")
        assert await session._once.resolver.audit.everything() == 1
        assert [event.reference for event in bench.told(DoubledEvent)] == ["r-3"]


async def altered(client: Client, **what: Any) -> None:
    """Drop a credit, and let a row with its mark and another amount show, or with another kind.

    Raises:
        AssertionError: Something was concluded from it, or nobody was told.
    """
    async with opened(client) as (bench, session):
        await bench.lose(session, fault=Fault("close", where="before", operation="credit", times=1))
        bench.plant_altered(**what)
        await bench.hands.advance(500)
        assert bench.state() == "in_doubt", f"taken for {bench.state()}"
        (event,) = bench.told(PersonNeededEvent)
        assert (event.service, event.reference) == (client.name, "r-1")
        assert "another kind or amount" in event.reason
        assert bench.store.entries[client.name, "r-1"].reason == event.reason
        assert session.statistics().need_person == 1
        with pytest.raises(OutcomeUnknownError, match="a person has to look"):
            await client.write(session)
        assert bench.booked() <= 1


ANOTHER = [{"amount": AMOUNT + 1}, {"amount": AMOUNT - 1}, {"kind": "debit", "amount": AMOUNT}]


@pytest.mark.parametrize("what", ANOTHER, ids=str)
async def test_an_altered_row_is_left_to_a_person(client: Client, what: dict[str, Any]) -> None:
    """It proves neither that it was booked nor that it was not; that is said once, and kept."""
    await altered(client, **what)


@pytest.mark.parametrize("what", ANOTHER, ids=str)
async def test_twin_the_mark_alone_believed(
    client: Client, what: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same where kind and amount are not compared."""
    monkeypatch.setattr(rehook_async.reading, "_is", lambda row, movement: True)
    monkeypatch.setattr(loyalty_async.reading, "_is", lambda row, movement: True)
    with pytest.raises(AssertionError, match="taken for applied"):
        await altered(client, **what)


async def another_wallet() -> None:
    """Drop a credit, and let a row of its reference, kind and amount show in another wallet.

    Raises:
        AssertionError: It was taken for its own.
    """
    client = CLIENTS["loyalty"]
    async with opened(client) as (bench, session):
        await bench.lose(session, fault=Fault("close", where="before", operation="credit", times=1))
        bench.sandbox.ledger.append(OTHER_WALLET, "credit", AMOUNT, reference="r-1")
        await bench.hands.advance(SENDING + D + L + 3 * EVERY)
        assert bench.state() == "not_applied", f"taken for {bench.state()}"
        assert not bench.told(PersonNeededEvent)


async def test_a_row_of_another_wallet_is_none() -> None:
    """Sipay searches all wallets for a reference, and another system may use the same one there."""
    await another_wallet()


async def test_twin_wallets_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same where only reference, kind and amount are looked at."""
    monkeypatch.setattr(loyalty_async.wire, "may_be_of", lambda *_: True)
    monkeypatch.setattr(loyalty_async.reading, "_is", lambda row, movement: row.amount == movement.amount)
    with pytest.raises(AssertionError, match="taken for applied"):
        await another_wallet()


async def test_doubled_rows_are_one_movement_and_reported(client: Client) -> None:
    """The oldest counts."""
    async with opened(client) as (bench, session):
        bench.sandbox.faults.add(Fault("status", operation="transactions", status=500))
        await bench.lose(session)
        client.plant(bench.sandbox.api, "r-1")
        bench.sandbox.faults.clear()
        await bench.hands.advance(2 * EVERY)
        assert bench.state() == "applied"
        (event,) = bench.told(DoubledEvent)
        assert len(event.transaction_ids) == 2


async def test_an_altered_row_beside_its_own_is_reported(client: Client) -> None:
    """Its own row settles it; the other one may be a double that somebody changed."""
    async with opened(client) as (bench, session):
        bench.sandbox.faults.add(Fault("status", operation="transactions", status=500))
        await bench.lose(session)
        bench.plant_altered()
        bench.sandbox.faults.clear()
        await bench.hands.advance(2 * EVERY)
        assert bench.state() == "applied"
        (event,) = bench.told(PersonNeededEvent)
        assert "another kind or amount" in event.reason
        assert session.statistics().need_person == 0


async def left_the_history(client: Client, settling: Settling) -> None:
    """Lose the answer of a booked credit, and let its row leave the history before anybody could read it.

    Raises:
        AssertionError: It was taken for absent, or nobody was told.
    """
    async with opened(client, settling) as (bench, session):
        bench.sandbox.faults.add(Fault("status", operation="transactions", status=500))
        await bench.lose(session)
        await bench.hands.advance(210)
        bench.sandbox.ledger.hidden.update(entry.transaction_id for entry in bench.sandbox.ledger.entries())
        bench.sandbox.faults.clear()
        await bench.hands.advance(300)
        assert bench.state() == "in_doubt", f"taken for {bench.state()}"
        (event,) = bench.told(PersonNeededEvent)
        assert "no longer goes back" in event.reason


async def test_too_old_for_the_history_is_left_to_a_person(client: Client) -> None:
    """A retention that the user states: what may have left the history is not absent."""
    await left_the_history(client, Settling(commit_within=D, shown_within=L, every=EVERY, retention=200))


async def test_twin_a_retention_that_is_not_stated(client: Client) -> None:
    """The same where the history is believed to keep its rows for ever."""
    with pytest.raises(AssertionError, match="taken for not_applied"):
        await left_the_history(client, SETTLING)


async def test_what_is_refused_and_booked_later_is_reported(client: Client) -> None:
    """Proved absent, sent again and refused: the first request may still be booked, later than believed."""
    async with opened(client) as (bench, session):
        await bench.lose(session, fault=late(150))
        await bench.hands.advance(SENDING + D + L + 3 * EVERY)
        bench.sandbox.faults.add(Fault("status", operation="credit", status=400, times=1))
        with pytest.raises(RefusedError):
            await client.write(session)
        assert (bench.booked(), bench.state()) == (0, "refused")
        await bench.hands.advance(200)
        (event,) = bench.told(PersonNeededEvent)
        assert event.reason == "it was booked after it had been proved absent"


async def test_a_row_that_is_not_completed_proves_nothing_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sipay may show a movement as pending: a person is told, and once it is completed it is applied."""
    client, status = CLIENTS["loyalty"], [10]
    row = loyalty_async.sandbox.history_row
    monkeypatch.setattr(
        loyalty_async.sandbox,
        "history_row",
        lambda *words, **more: row(*words, **more) | {"transaction_status_id": status[0]},
    )
    async with opened(client) as (bench, session):
        await bench.lose(session)
        await bench.hands.advance(400)
        assert bench.state() == "in_doubt"
        (event,) = bench.told(PersonNeededEvent)
        assert event.reason == "its row is not completed (status 10)"
        status[0] = 20
        await bench.hands.advance(500)
        assert bench.state() == "applied"
