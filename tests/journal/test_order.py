"""What is written when: `sending` before the first byte of the request, `applied` after the answer."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from tests.faults.providers import CLIENTS, Client
from tests.journal.memory import MemoryStore
from tests.kit import CommitServer, Exchange, for_writes, response
from wallet_async.journal import Journal
from wallet_async.journal.entry import Entry


async def states(client: Client, store: MemoryStore) -> list[str]:
    """Make a credit; give the state of its entry when the head is there, when it is booked, and when it has ended."""
    seen: list[str] = []

    async def look() -> None:
        entry = await store.load(client.name, "r-1")
        seen.append("nothing" if entry is None else entry.state)

    async def act(exchange: Exchange) -> None:
        await exchange.read_head()
        await look()
        await exchange.read()
        exchange.commit()
        await look()
        await exchange.send(response(200, exchange.good()))

    async with (
        CommitServer(for_writes(act), flavour=client.flavour) as server,
        client.session(server.url, journal=Journal(store)) as session,
    ):
        await client.write(session)
    await look()
    return seen


async def check(client: Client) -> None:
    """Assert that a kill at any of these moments finds what is true."""
    assert await states(client, MemoryStore()) == ["sending", "sending", "applied"]


async def test_it_is_written_before_the_first_byte(client: Client) -> None:
    """Whoever dies between the two leaves an entry that is looked up; nobody believes a booking that is not there."""
    await check(client)


async def test_twin_written_after_the_send(monkeypatch: pytest.MonkeyPatch) -> None:
    """A claim that is kept back until the answer is there leaves nothing to look up."""
    record, held = MemoryStore.record, dict[str, Entry]()

    async def later(store: MemoryStore, entry: Entry) -> Entry:
        held[entry.reference] = entry
        return entry

    async def both(store: MemoryStore, entry: Entry, state: Any, **words: Any) -> bool:
        store.entries[entry.service, entry.reference] = held.pop(entry.reference)
        return await record(store, entry, state, **words)

    monkeypatch.setattr(MemoryStore, "claim", later)
    monkeypatch.setattr(MemoryStore, "record", both)
    with pytest.raises(AssertionError, match="index 0 diff: 'nothing'"):
        await check(CLIENTS["rehook"])


async def test_twin_applied_before_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that takes what is about to leave for booked says so of what may never arrive."""
    claim = MemoryStore.claim

    async def hopeful(store: MemoryStore, entry: Entry) -> Entry:
        standing = await claim(store, entry)
        store.entries[entry.service, entry.reference] = evolve(standing, state="applied")
        return standing

    monkeypatch.setattr(MemoryStore, "claim", hopeful)
    with pytest.raises(AssertionError, match="index 0 diff: 'applied'"):
        await check(CLIENTS["rehook"])
