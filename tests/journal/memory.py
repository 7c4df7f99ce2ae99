"""A store in memory, to test what stands on one; and ways for it to fail."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from attrs import evolve

from wallet_async.journal.entry import Entry, State
from wallet_async.journal.errors import JournalError
from wallet_async.journal.states import may_claim


class MemoryStore:
    """Keeps entries in a dict; every method gives the loop a turn before and after, as a database does."""

    def __init__(self) -> None:
        self.restored = False
        self.entries: dict[tuple[str, str], Entry] = {}
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
            self.entries[key] = entry if there is None else evolve(entry, created_at=there.created_at)
        await asyncio.sleep(0)
        return self.entries[key]

    async def record(
        self, entry: Entry, state: State, *, now: int, receipt: str | None = None, reason: str | None = None
    ) -> bool:
        await self._begin("record")
        key = (entry.service, entry.reference)
        there = self.entries.get(key)
        if there is None or (there.state, there.attempt) != (entry.state, entry.attempt):
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

    async def aclose(self) -> None:
        pass
