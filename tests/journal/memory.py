"""A store in memory, to test what stands on one; and ways for it to fail."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence

from attrs import evolve

from wallet_async.journal.entry import Entry, State
from wallet_async.journal.errors import JournalError
from wallet_async.journal.inbox import Received
from wallet_async.journal.pruning import remainder
from wallet_async.journal.states import may_claim


class MemoryStore:
    """Keeps entries in a dict; every method gives the loop a turn before and after, as a database does."""

    def __init__(self) -> None:
        self.restored = False
        self.entries: dict[tuple[str, str], Entry] = {}
        self.inbox: dict[tuple[str, str, str], Received] = {}
        self.failing: set[str] = set()
        """Methods that end in a JournalError."""
        self.slow: dict[str, asyncio.Event] = {}
        """Methods that wait for an event before they do anything."""
        self.claims = 0

    async def _begin(self, method: str) -> None:
        await asyncio.sleep(0)
        if method in self.slow:
            await self.slow[method].wait()
        if method in self.failing:
            raise JournalError("the disk is full")

    async def load(self, service: str, reference: str) -> Entry | None:
        await self._begin("load")
        return self.entries.get((service, reference))

    async def claim(self, entry: Entry) -> Entry:
        await self._begin("claim")
        key = (entry.service, entry.reference)
        there = self.entries.get(key)
        self.claims += 1
        if may_claim(there, entry):
            self.entries[key] = entry
        await asyncio.sleep(0)
        return self.entries[key]

    async def receive(self, event: Received, entry: Entry) -> Received:
        await self._begin("receive")
        key = (event.service, event.source, event.event_id)
        if key not in self.inbox:
            self.inbox[key] = event
            self.entries.setdefault((entry.service, entry.reference), entry)
        return self.inbox[key]

    async def record(
        self, entry: Entry, state: State, *, now: int, receipt: str | None = None, reason: str | None = None
    ) -> bool:
        await self._begin("record")
        key = (entry.service, entry.reference)
        there = self.entries.get(key)
        if there is None or _attempt(there) != _attempt(entry):
            return False
        self.entries[key] = evolve(there, state=state, updated_at=now, receipt=receipt, reason=reason)
        await asyncio.sleep(0)
        return True

    async def unsettled(self, service: str, *, now: int, limit: int) -> Sequence[Entry]:
        await self._begin("unsettled")
        found = [
            entry
            for entry in self.entries.values()
            if entry.service == service
            and (entry.state == "in_doubt" or (entry.state == "sending" and entry.send_by <= now))
        ]
        return sorted(found, key=lambda entry: entry.sent_at)[:limit]

    async def listed(
        self, service: str | None, states: Sequence[State], *, after: tuple[str, str] | None, limit: int
    ) -> Sequence[Entry]:
        await self._begin("listed")
        keys = sorted(key for key in self.entries if after is None or key > after)
        found = [self.entries[key] for key in keys if service in (None, key[0])]
        return [entry for entry in found if entry.state in states][:limit]

    async def later(self, entry: Entry, *, holding: Sequence[str], until: int) -> Entry | None:
        await self._begin("later")
        found = [
            one
            for one in self.entries.values()
            if (one.service, one.state) == (entry.service, "applied")
            and one.sent_at > entry.sent_at
            and one.updated_at <= until
            and all(text in one.movement for text in holding)
        ]
        return max(found, key=lambda one: one.sent_at, default=None)

    async def count(self) -> Mapping[tuple[str, State], int]:
        await self._begin("count")
        return Counter((entry.service, entry.state) for entry in self.entries.values())

    async def stale(
        self, states: Sequence[State], *, before: int, after: tuple[str, str] | None, limit: int
    ) -> Sequence[Entry]:
        await self._begin("stale")
        found = [self.entries[key] for key in sorted(self.entries) if after is None or key > after]
        old = [entry for entry in found if entry.state in states and entry.updated_at < before]
        return [entry for entry in old if entry.movement or entry.state != "applied"][:limit]

    async def prune(self, entries: Sequence[Entry]) -> int:
        await self._begin("prune")
        same = [entry for entry in entries if self.entries.get((entry.service, entry.reference)) == entry]
        for entry in same:
            left = remainder(self.entries.pop((entry.service, entry.reference)))
            if left is not None:
                self.entries[left.service, left.reference] = left
        return len(same)

    async def set_restored(self, restored: bool) -> None:
        await self._begin("set_restored")
        self.restored = restored

    async def aclose(self) -> None:
        pass


def _attempt(entry: Entry) -> tuple[object, ...]:
    return entry.state, entry.attempt, entry.owner, entry.sent_at
