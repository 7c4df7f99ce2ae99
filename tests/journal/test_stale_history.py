"""Row 58: a history that shows an older state, or goes back to one, is taken for what it is.

That what is booked is not shown is only found out where something later is known to be booked.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from loyalty_async.reading import LoyaltyReading
from tests.faults.providers import AMOUNT, CLIENTS, CUSTOMER, Client
from tests.journal.bench import EVERY, SENDING, Bench, D, L, late, opened
from tests.kit.bodies import REHOOK_WALLET
from wallet_async.engine.errors import OutcomeUnknownError
from wallet_async.engine.events import PersonNeededEvent
from wallet_async.journal import history
from wallet_async.sandbox import Fault

DROPPED = Fault("close", where="before", operation="credit", times=1)
STALE = Fault("lag", seconds=(5000, 5000))


async def begin(bench: Bench, session: Any) -> None:
    """Book one movement and have its mark seen, so that only what comes later is in question."""
    await bench.client.write(session, reference="r-0")
    await bench.hands.advance(L + 2 * EVERY)


async def ask(client: Client, session: Any) -> None:
    """Ask for the credit again, as its caller does."""
    with suppress(OutcomeUnknownError):
        await client.write(session, timeout=SENDING)


async def far_behind(client: Client) -> None:
    """Give a credit up that is booked, and let the history show the state of long ago for far longer than L.

    Raises:
        AssertionError: It was taken for absent and booked twice, or nobody was told, or it was not settled.
    """
    async with opened(client) as (bench, session):
        await begin(bench, session)
        await bench.lose(session, fault=late(SENDING + D - 1))
        bench.sandbox.faults.add(STALE)
        await bench.hands.advance(SENDING + D)
        await client.write(session, reference="r-2")
        for _ in range(40):
            await bench.hands.advance(2 * EVERY)
            await ask(client, session)
        assert bench.booked() == 1, f"booked {bench.booked()} times"
        assert bench.state() == "in_doubt"
        (event,) = bench.told(PersonNeededEvent)
        assert event.reason == "the history does not show a later movement of its wallet that is booked"
        bench.sandbox.faults.clear()
        await bench.hands.advance(D + L + EVERY)
        assert (bench.booked(), bench.state()) == (1, "applied")


async def test_a_history_far_behind_proves_nothing(client: Client) -> None:
    """Where a later movement of the wallet is known to be booked and does not show, nothing is absent."""
    await far_behind(client)


async def test_twin_any_state_is_believed(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same where no later movement is looked for: it is paid twice."""

    async def none(*_: Any) -> None:
        pass

    monkeypatch.setattr(history.History, "later", none)
    with pytest.raises(AssertionError, match="booked 2 times"):
        await far_behind(client)


async def goes_back(client: Client) -> None:
    """Drop a credit, and let the history go back to an older state after the first look that proves something.

    Raises:
        AssertionError: The looks at the older state were counted, or those before and after it were not.
    """
    async with opened(client) as (bench, session):
        await begin(bench, session)
        await bench.lose(session, fault=DROPPED)
        await bench.hands.advance(1)
        await client.write(session, reference="r-2")
        await bench.hands.advance(SENDING + D + L - 2)
        requests = bench.sandbox.observed.requests
        before = requests["transactions"]
        while requests["transactions"] == before:
            await bench.hands.advance(1)
        bench.sandbox.faults.add(STALE)
        await bench.hands.advance(6 * EVERY)
        assert bench.state() == "in_doubt", f"taken for {bench.state()}"
        bench.sandbox.faults.clear()
        await bench.hands.advance(2 * EVERY)
        assert bench.state() == "not_applied"
        await client.write(session)
        assert (bench.booked(), bench.state()) == (1, "applied")


async def test_a_history_that_goes_back_is_not_counted(client: Client) -> None:
    """One look before it and one behind it are the two that prove."""
    await goes_back(client)


async def test_twin_a_history_that_goes_back_is_counted(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same where every look counts."""

    async def none(*_: Any) -> None:
        pass

    monkeypatch.setattr(history.History, "later", none)
    with pytest.raises(AssertionError, match="taken for not_applied"):
        await goes_back(client)


async def replicas(client: Client, seed: int) -> None:
    """Give a credit up that is booked, and let nine of ten requests meet a replica that stands still.

    Raises:
        AssertionError: It was taken for absent.
    """
    async with opened(client) as (bench, session):
        await begin(bench, session)
        await bench.lose(session, fault=late(SENDING + D - 1))
        stale = Fault("lag", seconds=(5000, 5000), probability=0.9)
        bench.sandbox.faults.replace([stale], seed=seed)
        await bench.hands.advance(SENDING + D)
        await client.write(session, reference="r-2")
        await bench.hands.advance(30 * EVERY)
        assert bench.state() in {"in_doubt", "applied"}, f"taken for {bench.state()}"


@pytest.mark.parametrize("seed", [0, 1, 2, 12, 16])
async def test_replicas_of_which_most_stand_still_prove_nothing(client: Client, seed: int) -> None:
    """Its row and the later one are looked for in one reading: no mixture of replicas is taken for one state."""
    await replicas(client, seed)


@pytest.mark.parametrize("seed", range(2))
async def test_twin_two_looks_alone_are_fooled(client: Client, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same where no later movement is looked for."""

    async def none(*_: Any) -> None:
        pass

    monkeypatch.setattr(history.History, "later", none)
    with pytest.raises(AssertionError, match="taken for not_applied"):
        await replicas(client, seed)


@pytest.mark.parametrize("seed", [12, 16])
async def test_twin_two_searches_are_fooled(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same where the later movement is searched for by itself: one search meets another replica than the other."""
    booked = LoyaltyReading._booked

    async def apart(one: Any, movement: Any, since: Any, timeout: float, later: str | None = None) -> Any:
        sight = await booked(one, movement, since, timeout)
        shown = later is None or await one._found(movement.wallet_number, later, since - timedelta(days=1), timeout)
        return evolve(sight, behind=not shown)

    monkeypatch.setattr(LoyaltyReading, "_booked", apart)
    with pytest.raises(AssertionError, match="taken for not_applied"):
        await replicas(CLIENTS["loyalty"], seed)


async def test_what_need_not_show_yet_is_not_asked_for(client: Client) -> None:
    """A wallet that is busy all the time, and a history that lags by as much as it may, are settled in time."""
    async with opened(client) as (bench, session):
        await begin(bench, session)
        bench.sandbox.faults.add(Fault("lag", seconds=(L - 1, L - 1)))
        await bench.lose(session, fault=DROPPED)
        for number in range(int((SENDING + D + L) / EVERY) + 2):
            await client.write(session, reference=f"later-{number}")
            await bench.hands.advance(EVERY)
        assert bench.state() == "not_applied"


async def test_only_the_same_wallet_tells() -> None:
    """A later movement of another wallet is not expected in this one, even if its text names this one."""
    client = CLIENTS["rehook"]
    async with opened(client) as (bench, session):
        bench.sandbox.api.add_wallet(CUSTOMER, "waty_other")
        await begin(bench, session)
        await bench.lose(session, fault=DROPPED)
        await session.credit(CUSTOMER, "waty_other", AMOUNT, description=REHOOK_WALLET, reference="r-2")
        await bench.hands.advance(SENDING + D + L + 3 * EVERY)
        assert bench.state() == "not_applied"
