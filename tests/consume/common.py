"""A consumer on a stand-in, what its events ask for, and what was booked in the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from attrs import frozen

from tests.faults.providers import Client
from tests.journal.memory import MemoryStore
from wallet_async.consume import Consumer
from wallet_async.engine.calls import Kind
from wallet_async.engine.events import Event
from wallet_async.journal import Journal, Settling
from wallet_async.provider import load_provider
from wallet_async.sandbox import Sandbox

SETTLING = Settling(commit_within=0.2, shown_within=0.1, every=0.02)
"""The stand-in books at once or never."""


@frozen
class World:
    """What outlives a process: the stand-in with two empty wallets, and the journal's store."""

    client: Client
    sandbox: Any
    wallets: tuple[Any, ...]
    store: MemoryStore
    events: list[Event]

    def movement(self, reference: str, *, wallet: int = 0, kind: Kind = "credit", amount: int = 20) -> Any:
        """Make a movement of a wallet."""
        provider = load_provider(self.client.name)
        return provider.movement(self.wallets[wallet], kind, amount, description="", reference=reference)

    def booked(self, references: Iterable[str]) -> Counter[str]:
        """Count the rows of the truth by reference; one that is not there counts 0."""
        mark = load_provider(self.client.name).mark
        marks = {mark(reference): reference for reference in references}
        found = Counter(dict.fromkeys(marks.values(), 0))
        for entry in self.sandbox.api.ledger.entries():
            found[marks[entry.reference or entry.description.split()[0]]] += 1
        return found

    @asynccontextmanager
    async def consumer(self, **options: Any) -> AsyncIterator[Consumer]:
        """Run a consumer, as a process does that is started."""
        session = self.client.session(
            self.sandbox.url, journal=Journal(self.store, SETTLING), on_event=self.events.append
        )
        async with session, Consumer(session, source="orders", **options) as consumer:
            yield consumer


@asynccontextmanager
async def world(client: Client, store: MemoryStore | None = None) -> AsyncIterator[World]:
    """Run a stand-in."""
    async with Sandbox(client.sandbox()) as sandbox:
        wallets = tuple(load_provider(client.name).add_wallet(sandbox.api, number) for number in (11, 12))
        yield World(client, sandbox, wallets, store or MemoryStore(), [])
