"""One stand-in, one store, and sessions that settle what is in doubt in it, all in time that is moved by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.faults.judge import HASTY
from tests.faults.providers import AMOUNT, CUSTOMER, Client
from tests.journal.hands import Hands
from tests.journal.memory import MemoryStore
from tests.kit.bodies import LOYALTY_WALLET, REHOOK_WALLET
from wallet_async.engine.errors import OutcomeUnknownError
from wallet_async.engine.events import Event
from wallet_async.engine.marker import marker
from wallet_async.journal import Journal, Settling
from wallet_async.sandbox import Fault, Sandbox

D, L, EVERY = 60.0, 20.0, 5.0
SETTLING = Settling(commit_within=D, shown_within=L, every=EVERY)
SENDING = 10.0  # seconds in which a call's request leaves if it ever does


class Bench:
    """One stand-in, one store, and sessions that settle what is in doubt in it."""

    def __init__(self, client: Client, settling: Settling = SETTLING) -> None:
        self.client = client
        self.settling = settling
        self.hands = Hands()
        self.store = MemoryStore()
        self.events: list[Event] = []
        self.sandbox: Sandbox[Any]

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Any]:
        """Open a session with a journal of its own on the store."""
        hands = self.hands
        journal = Journal(self.store, self.settling, clock=hands.clock, monotonic=hands.monotonic, sleep=hands.rest)
        options = {"journal": journal, "on_event": self.events.append, "retry": HASTY}
        async with self.client.session(self.sandbox.url, **options) as session:
            hands.resolvers += 1
            try:
                yield session
            finally:
                hands.resolvers -= 1

    async def lose(self, session: Any, reference: str = "r-1", *, fault: Fault | None = None) -> None:
        """Make a credit whose outcome stays open."""
        self.sandbox.faults.add(fault or Fault("close", operation="credit", times=1))
        with pytest.raises(OutcomeUnknownError):
            await self.client.write(session, reference=reference, timeout=SENDING)

    def state(self, reference: str = "r-1") -> str:
        """Give the state of the reference's entry."""
        return self.store.entries[self.client.name, reference].state

    def booked(self, reference: str = "r-1") -> int:
        """Count the rows of the truth that are the movement."""
        return sum(self.client.is_ours(entry, reference) for entry in self.sandbox.ledger.entries())

    def told(self, kind: type[Any]) -> list[Any]:
        """Give the events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def plant_altered(self, reference: str = "r-1", *, kind: str = "credit", amount: int = AMOUNT + 1) -> None:
        """Book a row that carries the mark, with another kind or amount."""
        if self.client.name == "rehook":
            description = f"{marker('rehook', reference)} Order 1"
            self.sandbox.ledger.append((CUSTOMER, REHOOK_WALLET), kind, amount, description=description)
        else:
            self.sandbox.ledger.append(LOYALTY_WALLET, kind, amount, reference=reference)


@asynccontextmanager
async def opened(client: Client, settling: Settling = SETTLING) -> AsyncIterator[tuple[Bench, Any]]:
    """Run a stand-in in the same time, and one session."""
    bench = Bench(client, settling)
    api = client.sandbox()
    api._clock = api.ledger._clock = bench.hands.moment
    async with Sandbox(api, sleep=bench.hands.sleep) as bench.sandbox, bench.session() as session:
        yield bench, session


def late(seconds: float) -> Fault:
    """Let the next credit be booked so much later, and not be answered."""
    return Fault("late", operation="credit", seconds=(seconds, seconds), times=1)
