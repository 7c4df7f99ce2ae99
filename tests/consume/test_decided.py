"""An event that the history can never settle comes again and again, until a person has decided."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import time_ns
from typing import Any

import pytest

from tests.consume.common import SETTLING, World, world
from tests.faults.providers import Client
from wallet_async.consume import Ack, Consumer, Retry
from wallet_async.journal import Journal, once
from wallet_async.journal.entry import Entry
from wallet_async.journal.states import Settle, Step, step
from wallet_async.sandbox import Fault

MANY = 1000
"""Deliveries: no number of them ends the doubt."""


def later() -> int:
    """Give the time in microseconds, as it will be when nobody books the request any more."""
    return time_ns() // 1000 + 3_600_000_000


@asynccontextmanager
async def undecidable(client: Client, lost: Fault) -> AsyncIterator[tuple[World, Consumer]]:
    """Lose the answer to an event's movement where no history shows anything."""
    async with world(client) as it, it.consumer() as consumer:
        it.sandbox.faults.add(lost)
        it.sandbox.faults.add(Fault("lag", seconds=(86_400, 86_400)))
        for deliveries in (1, 2, MANY):
            assert isinstance(await consumer.handle("1", it.movement("r-1"), deliveries=deliveries), Retry)
        yield it, consumer


async def decide(it: World, *, booked: bool) -> None:
    journal = Journal(it.store, SETTLING, clock=later)
    await journal.decide(it.client.name, "r-1", booked=booked, reason="seen in the panel")


async def test_decided_as_booked_it_is_acknowledged(client: Client) -> None:
    """Without a receipt, if the history shows none; nothing is sent."""
    async with undecidable(client, Fault("close", operation="credit", times=1)) as (it, consumer):
        await decide(it, booked=True)
        assert await consumer.handle("1", it.movement("r-1"), deliveries=MANY) == Ack(None)
        it.sandbox.faults.clear()
        outcome = await consumer.handle("1", it.movement("r-1"), deliveries=MANY)
        assert isinstance(outcome, Ack)
        assert outcome.receipt.reference == "r-1"
        assert it.booked(["r-1"]) == {"r-1": 1}


async def sent_once_decided(client: Client) -> None:
    """Decide that the movement of an event was not booked, and deliver it again.

    Raises:
        AssertionError: It is not acknowledged, or not booked once.
    """
    async with undecidable(client, Fault("close", where="before", operation="credit", times=1)) as (it, consumer):
        await decide(it, booked=False)
        for _ in range(2):
            assert isinstance(await consumer.handle("1", it.movement("r-1"), deliveries=MANY), Ack)
        assert it.booked(["r-1"]) == {"r-1": 1}


async def test_decided_as_not_booked_it_is_sent(client: Client) -> None:
    """By the next delivery, and by no later one."""
    await sent_once_decided(client)


async def test_twin_a_decision_that_is_not_asked_for(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same where whatever was in doubt once is for the history to settle: it comes again for ever."""

    def undecided(entry: Entry, *rest: Any) -> Step:
        return Settle() if entry.state == "not_applied" else step(entry, *rest)

    monkeypatch.setattr(once, "step", undecided)
    with pytest.raises(AssertionError):
        await sent_once_decided(client)
