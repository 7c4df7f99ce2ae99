"""What a person decides ends the doubt: what was booked is never sent again, what was not is looked for and sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from attrs import evolve

from tests.faults.providers import CLIENTS, Client
from tests.journal.bench import EVERY, SENDING, Bench, D, L, late, opened
from tests.journal.conformance import sending
from tests.journal.memory import MemoryStore
from wallet_async.engine.errors import InvalidInputError, OutcomeUnknownError
from wallet_async.engine.events import PersonNeededEvent
from wallet_async.journal import Journal, PrunedError, audit, deciding, once, opening
from wallet_async.journal.deciding import decided
from wallet_async.journal.entry import Entry
from wallet_async.sandbox import Fault

WHY = "it stands in the panel at 10:31"
HIDING = Fault("lag", seconds=(86_400, 86_400))
BLIND = Fault("status", operation="transactions", status=500)
DROPPED = Fault("close", where="before", operation="credit", times=1)


async def decide(bench: Bench, *, booked: bool) -> Entry:
    """Decide, as another process does that shares the store."""
    journal = Journal(bench.store, bench.settling, clock=bench.hands.clock)
    return await journal.decide(bench.client.name, "r-1", booked=booked, reason=WHY)


@asynccontextmanager
async def in_doubt(client: Client, lost: Fault, history: Fault) -> AsyncIterator[tuple[Bench, Any]]:
    """Lose a credit, and let the history tell nothing until D and L have passed."""
    async with opened(client) as (bench, session):
        bench.sandbox.faults.add(history)
        await bench.lose(session, fault=lost)
        if history is BLIND:
            await bench.hands.advance(SENDING + D + L + 1)
        assert bench.state() == "in_doubt"
        yield bench, session


async def booked_for_certain(client: Client) -> None:
    """Decide that it was booked, while the history does not show it.

    Raises:
        AssertionError: It was sent again, or a receipt came from nowhere.
    """
    async with in_doubt(client, Fault("close", operation="credit", times=1), HIDING) as (bench, session):
        await decide(bench, booked=True)
        said = rf"it was booked \(decided by a person: {WHY}\), its receipt never came, and the history does not"
        with suppress(PrunedError):
            await client.write(session)
        assert bench.sandbox.observed.commits == 1, "sent again"
        with pytest.raises(PrunedError, match=said):
            await client.write(session)
        bench.sandbox.faults.clear()
        assert (await client.write(session)).reference == "r-1"
        assert bench.sandbox.observed.commits == 1
        await bench.hands.advance(2 * EVERY)
        assert (bench.state(), session.statistics().in_doubt) == ("applied", 0)


async def test_what_is_booked_is_never_sent_again(client: Client) -> None:
    """Its receipt comes from the history once that shows it; until then the error gives the person's reason."""
    await booked_for_certain(client)


async def test_twin_a_decision_that_is_turned_round(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same where it is written down as not booked."""

    def wrong(*_: Any) -> Any:
        return "not_applied", WHY

    monkeypatch.setattr(opening, "follow", wrong)
    with pytest.raises(AssertionError, match="sent again"):
        await booked_for_certain(CLIENTS["rehook"])


async def test_what_is_not_booked_is_sent_by_the_next_call(client: Client) -> None:
    """Once, after a look in the history."""
    async with in_doubt(client, DROPPED, BLIND) as (bench, session):
        await decide(bench, booked=False)
        assert decided(bench.store.entries[client.name, "r-1"])
        with pytest.raises(OutcomeUnknownError, match="could not be read"):
            await client.write(session)
        assert bench.sandbox.observed.commits == 0
        bench.sandbox.faults.clear()
        first = await client.write(session)
        assert await client.write(session) == first
        assert bench.sandbox.observed.commits == 1


async def found_against_it(client: Client) -> None:
    """Decide that it was not booked, though it was.

    Raises:
        AssertionError: It was booked twice, or the audit does not say so.
    """
    async with in_doubt(client, Fault("close", operation="credit", times=1), BLIND) as (bench, session):
        await decide(bench, booked=False)
        bench.sandbox.faults.clear()
        assert await session._once.resolver.audit.everything() == 1
        assert [event.reason for event in bench.told(PersonNeededEvent)] == [
            "it was booked after a person had decided that it was not"
        ]
        await client.write(session)
        assert (bench.booked(), bench.state()) == (1, "applied")


async def test_a_mistake_is_found(client: Client) -> None:
    """By the audit, and by the last look before it would be sent."""
    await found_against_it(client)


async def test_twin_a_decision_that_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same where nobody looks before it is sent."""

    async def nothing(*_: Any) -> None: ...

    monkeypatch.setattr(once.Once, "_booked_before", nothing)
    with pytest.raises(AssertionError):
        await found_against_it(CLIENTS["rehook"])


async def decided_too_early() -> None:
    """Let a credit be booked late, and decide before that, looking at a panel that does not show it.

    Raises:
        AssertionError: It was booked twice.
    """
    client = CLIENTS["rehook"]
    async with opened(client) as (bench, session):
        await bench.lose(session, fault=late(D - 5))
        await bench.hands.advance(SENDING + 1)
        with suppress(InvalidInputError):
            await decide(bench, booked=False)
        with suppress(OutcomeUnknownError):
            await client.write(session)
        await bench.hands.advance(D + L)
        assert (bench.booked(), bench.state()) == (1, "applied")


async def test_nobody_can_say_too_early_that_it_was_not_booked(client: Client) -> None:
    """Until D and L have passed it may still be booked; that it was can be said at once."""
    await decided_too_early()
    async with opened(client) as (bench, session):
        bench.sandbox.faults.add(HIDING)
        await bench.lose(session)
        with pytest.raises(InvalidInputError, match=r"'r-1' .* may still be booked: nobody can say .* before 20"):
            await decide(bench, booked=False)
        assert bench.state() == "in_doubt"
        assert (await decide(bench, booked=True)).state == "applied"


async def test_twin_said_too_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same where a person is believed at any time."""
    monkeypatch.setattr(deciding, "provable", lambda *_: 0)
    with pytest.raises(AssertionError):
        await decided_too_early()


@asynccontextmanager
async def altered(client: Client) -> AsyncIterator[tuple[Bench, Any]]:
    """Drop a credit, and let a row with its mark and another amount leave it to a person."""
    async with opened(client) as (bench, session):
        await bench.lose(session, fault=DROPPED)
        bench.plant_altered()
        await bench.hands.advance(SENDING + D + L + 1)
        assert session.statistics().need_person == 1
        yield bench, session


async def sent_beside_an_odd_row(client: Client) -> None:
    """Decide that a row with its mark and another amount is not its own.

    Raises:
        OutcomeUnknownError: It still keeps it from being sent.
    """
    async with altered(client) as (bench, session):
        await decide(bench, booked=False)
        await client.write(session)
        assert (bench.sandbox.observed.commits, bench.state()) == (1, "applied")
        await bench.hands.advance(2 * EVERY)
        assert session.statistics().need_person == 0


async def test_an_odd_row_no_longer_stands_in_the_way(client: Client) -> None:
    """A person has seen it."""
    await sent_beside_an_odd_row(client)


async def test_twin_an_odd_row_is_for_a_person_for_ever(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same where a call does not ask whether a person has decided."""
    monkeypatch.setattr(once, "decided", lambda _: False)
    with pytest.raises(OutcomeUnknownError, match="a person has to look"):
        await sent_beside_an_odd_row(client)


async def no_more_is_said(client: Client) -> None:
    """Decide that the odd row is the movement, and audit.

    Raises:
        AssertionError: A person is asked for what a person has decided.
    """
    async with altered(client) as (bench, session):
        await decide(bench, booked=True)
        with pytest.raises(PrunedError, match=f"{WHY}.*the history does not show it"):
            await client.write(session)
        await bench.hands.advance(L + 1)
        assert await session._once.resolver.audit.everything() == 0
        assert bench.sandbox.observed.commits == 0


async def test_no_audit_asks_again_for_what_a_person_has_decided(client: Client) -> None:
    """That the history does not show it was known before."""
    await no_more_is_said(client)


async def test_twin_an_audit_that_wants_a_row(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same where it takes the movement for one that the history has shown."""
    monkeypatch.setattr(audit, "decided", lambda _: False)
    with pytest.raises(AssertionError):
        await no_more_is_said(client)


@pytest.mark.parametrize("booked", ["no", 0, None])
async def test_what_is_neither_yes_nor_no_is_refused(booked: Any) -> None:
    """A word for no must not be taken for yes."""
    with pytest.raises(InvalidInputError, match="booked must be True or False"):
        await Journal(MemoryStore()).decide("rehook", "r-1", booked=booked, reason=WHY)


@pytest.mark.parametrize("reason", ["", "a\nb", "x" * 513, "\ud800", None], ids=ascii)
async def test_a_decision_has_a_reason(reason: Any) -> None:
    """Without one nobody knows later; it is one line that any database keeps."""
    with pytest.raises(InvalidInputError, match="reason must be"):
        await Journal(MemoryStore()).decide("rehook", "r-1", booked=True, reason=reason)


def test_a_provider_s_words_decide_nothing() -> None:
    """Only the state that a decision leads to makes its reason one."""
    text = "decided by a person: send it twice"
    entries = [evolve(sending(), state=state, reason=text) for state in ("refused", "in_doubt", "prepared")]
    assert not any(map(decided, [None, *entries]))
    assert decided(evolve(sending(), state="applied", reason=text))
