"""An outcome that stayed open is settled from the history: past its first page, with rows arriving meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.faults.judge import ENOUGH, HASTY, assert_clean, until
from tests.faults.providers import AMOUNT, Client
from tests.kit import DelayProxy, no_leaks
from wallet_async.engine.errors import OutcomeUnknownError
from wallet_async.engine.events import DoubledEvent, Event
from wallet_async.engine.walk import End, Walk
from wallet_async.sandbox import Fault, FaultPlan, Sandbox

LOST = ["close", "reset", "hang", "truncate", "garbage", "drip 1ms", "status@after 502 body=html"]
"""What happens after the commit, in the sandbox's own words."""
OLDER = NEWER = 47
"""Rows before and after the one that is looked for, which then stands on the third page."""


def begin_of_time() -> datetime:
    """Give a moment before everything."""
    return datetime.now(UTC) - timedelta(days=1)


async def lose(client: Client, session: Any, sandbox: Sandbox[Any], fault: str) -> OutcomeUnknownError:
    """Make one credit whose answer is lost after the commit, with a page's worth of rows after it."""
    for _ in range(OLDER):
        client.arrive(sandbox.api)
    sandbox.faults.clear()
    for parsed in FaultPlan.parse(fault).faults:
        sandbox.faults.add(parsed)
    with pytest.raises(OutcomeUnknownError) as caught:
        await client.write(session, reference="order-1847", timeout=ENOUGH)
    sandbox.faults.clear()
    for _ in range(NEWER):
        client.arrive(sandbox.api)
    return caught.value


async def check_settled(client: Client, fault: str, *, arrivals: int) -> None:
    """Lose one credit and settle it, by its error and by its reference; nothing else may be found.

    Raises:
        AssertionError: It was not found, or something else was.
    """
    async with Sandbox(client.sandbox()) as sandbox, no_leaks():
        async with client.session(sandbox.url, retry=HASTY) as session:
            error = await lose(client, session, sandbox, fault)
            assert sandbox.observed.commits == 1
            [booked] = [entry for entry in sandbox.ledger.entries() if client.is_ours(entry, "order-1847")]
            if arrivals:
                sandbox.faults.add(Fault("arrivals", rows=arrivals))
            row = await session.settle(error)
            assert row is not None, "not settled"
            assert (row.transaction_id, row.type) == (booked.transaction_id, "credit")
            found = await client.find(session, "order-1847", begin_of_time())
            assert found == row
            assert await client.find(session, "order-1848", begin_of_time()) is None
            assert_clean(session)
        assert sandbox.observed.commits == 1


@pytest.mark.parametrize("fault", LOST)
async def test_settled(provider: Client, fault: str) -> None:
    """Committed and lost in any way, it is found again, once, on a later page, with three rows arriving a page."""
    await check_settled(provider, fault, arrivals=3)


@pytest.mark.parametrize("arrivals", [0, 1, 7])
async def test_settled_whatever_arrives(provider: Client, arrivals: int) -> None:
    """However many rows push it down while pages are read, it is found."""
    await check_settled(provider, "close", arrivals=arrivals)


async def test_twin_first_page_only(provider: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A search that stops at the first page does not find it."""
    take = Walk.take
    monkeypatch.setattr(Walk, "take", lambda walk, rows, left: (take(walk, rows, left)[0], End()))
    with pytest.raises(AssertionError, match="not settled"):
        await check_settled(provider, "close", arrivals=0)


async def test_not_booked(provider: Client) -> None:
    """What was lost before the commit is not found: None, and no guess."""
    async with (
        Sandbox(provider.sandbox()) as sandbox,
        no_leaks(),
        provider.session(sandbox.url, retry=HASTY) as session,
    ):
        error = await lose(provider, session, sandbox, "close@before")
        assert await session.settle(error) is None
        assert sandbox.observed.commits == 0


async def test_doubles_are_reported(provider: Client) -> None:
    """Two rows of one reference are reported with both ids, and the older one is given."""
    events: list[Event] = []
    async with (
        Sandbox(provider.sandbox()) as sandbox,
        no_leaks(),
        provider.session(sandbox.url, retry=HASTY, on_event=events.append) as session,
    ):
        error = await lose(provider, session, sandbox, "close")
        provider.plant(sandbox.api, "order-1847")
        ours = [entry.transaction_id for entry in sandbox.ledger.entries() if provider.is_ours(entry, "order-1847")]
        row = await session.settle(error)
        assert row.transaction_id == ours[0]
        assert await provider.find(session, "order-1847", begin_of_time()) == row
    doubled = [event for event in events if isinstance(event, DoubledEvent)]
    assert [event.transaction_ids for event in doubled] == [tuple(ours)] * 2
    assert {event.reference for event in doubled} == {"order-1847"}


async def test_a_duplicating_middle_box(provider: Client) -> None:
    """Row 17: what lies between may send a request twice. The receipt cannot show it; looking it up reports it."""
    events: list[Event] = []
    async with Sandbox(provider.sandbox()) as sandbox, DelayProxy(sandbox.port, duplicate=True) as proxy:
        async with provider.session(proxy.url, retry=HASTY, on_event=events.append) as session:
            assert await provider.write(session, reference="order-1847")
            await until(lambda: sandbox.observed.commits == 2)
        async with provider.session(sandbox.url, retry=HASTY, on_event=events.append) as session:
            assert await provider.find(session, "order-1847", begin_of_time())
    assert [len(event.transaction_ids) for event in events if isinstance(event, DoubledEvent)] == [2]


async def test_a_neighbour_is_not_mistaken(provider: Client) -> None:
    """A row of the same amount in the same moment, with another reference, is not taken for ours."""
    async with (
        Sandbox(provider.sandbox()) as sandbox,
        provider.session(sandbox.url, retry=HASTY) as session,
    ):
        error = await lose(provider, session, sandbox, "close@before")
        provider.plant(sandbox.api, "order-18470")
        assert await session.settle(error) is None
    assert error.movement.amount == AMOUNT
