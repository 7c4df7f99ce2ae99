"""Row 61: what a provider makes of a mark, or of a reference, before it shows it; and how that is noticed at start-up.

A mark that does not come back proves nothing: not that a movement was not booked, and not whose row it is.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, get_args

import pytest

import rehook_async.sandbox
from tests.faults.providers import AMOUNT, CLIENTS, CUSTOMER, Client
from tests.journal.bench import EVERY, SENDING, Bench, D, L, opened
from tests.kit.bodies import LOYALTY_WALLET, REHOOK_WALLET
from wallet_async.engine.errors import OutcomeUnknownError
from wallet_async.engine.events import PersonNeededEvent
from wallet_async.journal import audit, history
from wallet_async.sandbox import Fault
from wallet_async.sandbox.texts import Keeps, kept

ALTERED = [how for how in get_args(Keeps) if how != "as sent"]
SURVIVED = {("rehook", "upper"), ("rehook", "escaped"), ("rehook", "trimmed")}
"""A mark is in upper case, holds nothing to escape, and stands in front of what may be trimmed; a reference is not so
lucky."""
REFERENCE = " Order <1849> of Ayşe & sons "  # what each alteration alters


async def credit(client: Client, session: Any, reference: str = REFERENCE) -> None:
    """Ask for a credit; whether it is known to be booked does not matter."""
    with suppress(OutcomeUnknownError):
        if client.name == "rehook":
            await session.credit(
                CUSTOMER, REHOOK_WALLET, AMOUNT, description=" Points <for> you ", reference=reference, timeout=SENDING
            )
        else:
            await session.credit(LOYALTY_WALLET, AMOUNT, currency_code="TRY", reference=reference, timeout=SENDING)


def keep(bench: Bench, how: Keeps) -> None:
    """Let the stand-in keep descriptions or references so."""
    bench.sandbox.api._descriptions = bench.sandbox.api._references = how


async def first_of_all(client: Client, how: Keeps) -> None:
    """Lose the answer of the very first credit, which is booked; its caller asks again and again.

    Raises:
        AssertionError: It was booked again, or something was concluded that nothing shows, or nobody was told.
    """
    async with opened(client) as (bench, session):
        keep(bench, how)
        bench.sandbox.faults.add(Fault("close", operation="credit", times=1))
        for _ in range(30):
            await credit(client, session)
            await bench.hands.advance(2 * EVERY)
        assert len(bench.sandbox.ledger) == 1, f"booked {len(bench.sandbox.ledger)} times"
        survived = (client.name, how) in SURVIVED
        assert bench.state(REFERENCE) == ("applied" if survived else "in_doubt")
        assert [event.reference for event in bench.told(PersonNeededEvent)] == ([] if survived else [REFERENCE])


@pytest.mark.parametrize("how", ALTERED)
async def test_what_becomes_of_a_mark_at_first_use(client: Client, how: Keeps) -> None:
    """While no movement has shown that marks are kept, a row of its kind and amount may be its own."""
    await first_of_all(client, how)


@pytest.mark.parametrize("how", ["cut", "dropped"])
async def test_twin_nothing_but_the_mark_is_looked_for(
    client: Client, how: Keeps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same where only rows that carry the mark count."""

    async def no(*_: Any) -> bool:
        return False

    monkeypatch.setattr(history.History, "alike", no)
    with pytest.raises(AssertionError, match=r"booked \d+ times"):
        await first_of_all(client, how)


async def test_a_row_like_it_is_no_hindrance_once_marks_are_seen(client: Client) -> None:
    """A person is told of the first credit, since a row like it was there; the next one that is booked settles it."""
    async with opened(client) as (bench, session):
        if client.name == "rehook":
            client.arrive(bench.sandbox.api)
        else:
            client.plant(bench.sandbox.api, "elsewhere")
        await bench.lose(session, fault=Fault("close", where="before", operation="credit", times=1))
        await bench.hands.advance(SENDING + D + L + 3 * EVERY)
        (event,) = bench.told(PersonNeededEvent)
        assert event.reason.startswith("a row like it carries no mark")
        assert bench.state() == "in_doubt"
        await client.write(session, reference="r-2")
        await bench.hands.advance(L + 4 * EVERY)
        assert bench.state() == "not_applied"
        assert len(bench.told(PersonNeededEvent)) == 1


async def not_shown(how: Keeps, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Rehook repeat a description as it was sent, and show another one; lose the answer of a booked credit."""
    row = rehook_async.sandbox.history_row
    monkeypatch.setattr(
        rehook_async.sandbox, "history_row", lambda entry: row(entry) | {"description": kept(entry.description, how)}
    )
    client = CLIENTS["rehook"]
    async with opened(client) as (bench, session):
        await client.write(session, reference="r-0")
        await bench.lose(session)
        await bench.hands.advance(300)
        assert bench.state() == "in_doubt", f"taken for {bench.state()}"
        assert {event.reference for event in bench.told(PersonNeededEvent)} == {"r-0", "r-1"}


@pytest.mark.parametrize("how", ["cut", "lower", "dropped"])
async def test_a_provider_that_alters_marks_proves_nothing(how: Keeps, monkeypatch: pytest.MonkeyPatch) -> None:
    """A movement that is known to be booked is not found by its mark: nothing is proved absent, and it is told."""
    await not_shown(how, monkeypatch)


@pytest.mark.parametrize("how", ["upper", "lower", "escaped", "trimmed", "cut", "dropped"])
async def test_references_that_are_altered_are_noticed(how: Keeps) -> None:
    """Sipay repeats no reference: its receipts are believed, and the first tells what it makes of references."""
    client = CLIENTS["loyalty"]
    async with opened(client) as (bench, session):
        keep(bench, how)
        await credit(client, session)
        bench.sandbox.faults.add(Fault("close", operation="credit", times=1))
        other = REFERENCE.replace("1849", "1850")
        for _ in range(20):
            await credit(client, session, other)
            await bench.hands.advance(2 * EVERY)
        assert len(bench.sandbox.ledger) == 2
        assert bench.state(other) == "in_doubt"
        assert {event.reference for event in bench.told(PersonNeededEvent)} == {REFERENCE, other}


async def test_twin_marks_believed_without_a_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same where it is taken for granted that marks are kept."""

    async def believing(one: audit.Audit, _now: int) -> None:
        one.marks_lost = False

    monkeypatch.setattr(audit.Audit, "check_marks", believing)
    with pytest.raises(AssertionError, match="taken for not_applied"):
        await not_shown("lower", monkeypatch)


async def seen_too_early(client: Client) -> None:
    """Let the history be far behind when the first mark is looked for, and drop a credit later.

    Raises:
        AssertionError: The credit was never settled.
    """
    async with opened(client) as (bench, session):
        bench.sandbox.faults.add(Fault("lag", seconds=(5000, 5000)))
        await client.write(session, reference="r-0")
        await bench.hands.advance(L + 2 * EVERY)
        bench.sandbox.faults.clear()
        await bench.lose(session, fault=Fault("close", where="before", operation="credit", times=1))
        await bench.hands.advance(SENDING + D + L + 3 * EVERY)
        assert bench.told(PersonNeededEvent)[0].reference == "r-0"
        assert bench.state() == "not_applied"


async def test_a_mark_that_did_not_show_is_looked_for_again(client: Client) -> None:
    """A history that was behind once leaves nothing in doubt for ever."""
    await seen_too_early(client)


async def test_twin_a_mark_is_looked_for_once(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same where the first look decides for good."""
    check = audit.Audit.check_marks

    async def once(one: audit.Audit, now: int) -> None:
        if one.marks_lost is None:
            await check(one, now)

    monkeypatch.setattr(audit.Audit, "check_marks", once)
    with pytest.raises(AssertionError, match="in_doubt"):
        await seen_too_early(client)


async def test_marks_that_survive_are_looked_at_once(client: Client) -> None:
    """One reading of a history for a session, and none where nothing is booked yet."""
    async with opened(client) as (bench, session):
        await bench.hands.advance(100)
        assert bench.sandbox.observed.requests["transactions"] == 0
        await client.write(session)
        await bench.hands.advance(100)
        assert bench.sandbox.observed.requests["transactions"] == 1
        assert not bench.told(PersonNeededEvent)
