"""Events in the journal: each stands for one movement, and is there together with its entry or not at all."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from attrs import evolve

from tests.journal.conformance import SERVICE, STATES, TEXTS, again, brought, prepared, there
from tests.journal.memory import MemoryStore
from tests.journal.postgres_server import cleared
from wallet_async.journal.entry import Entry
from wallet_async.journal.errors import JournalError
from wallet_async.journal.inbox import Received, received
from wallet_async.journal.postgres import PostgresStore
from wallet_async.journal.postgres import inbox as in_postgres
from wallet_async.journal.sqlite import SqliteStore, rows
from wallet_async.journal.store import Store

Check = Callable[[Store], Awaitable[None]]
ROOT = Path(__file__).parents[2]
SOURCE = "orders"


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """Give an open store with nothing in it, one kind after the other."""
    if request.param == "memory":
        yield MemoryStore()
        return
    if request.param == "sqlite":
        opened: SqliteStore | PostgresStore = await SqliteStore.open(tmp_path / "journal.db")
    else:
        server = request.getfixturevalue("postgres")
        opened = await PostgresStore.open(server.url(await cleared(server)))
    yield opened
    await opened.aclose()


def event(event_id: str, entry: Entry, source: str = SOURCE) -> Received:
    """Give an event that asks for the movement of *entry*."""
    return received(source, event_id, entry)


async def check_a_new_event(store: Store) -> None:
    """It is written as it is, with its entry; the same name elsewhere is another event."""
    for number, (source, service) in enumerate([("orders", SERVICE), ("refunds", SERVICE), ("orders", "loyalty")]):
        entry = prepared(f"order-{number}", service=service)
        assert await store.receive(event("1", entry, source), entry) == event("1", entry, source)
        assert await there(store, entry) == entry


async def check_it_comes_again(store: Store) -> None:
    """What stands for it stays, and no entry is written for what it asks for now."""
    first, other = prepared("order-1"), prepared("order-2", fingerprint="e" * 64, created_at=7)
    standing = event("1", first)
    await store.receive(standing, first)
    assert await store.receive(event("1", evolve(first, created_at=7)), evolve(first, created_at=7)) == standing
    assert await store.receive(event("1", other), other) == standing
    assert await there(store, first) == first
    assert await store.load(SERVICE, "order-2") is None


async def check_its_entry_is_there(store: Store) -> None:
    """An entry that stands, in whatever state and whatever for, is left as it is."""
    for state in STATES:
        entry = await brought(store, state, f"order-{state}")
        asked = prepared(entry.reference, fingerprint="e" * 64)
        assert await store.receive(event(state, asked), asked) == event(state, asked)
        assert await there(store, entry) == entry


async def check_it_stays_while_its_entry_is_sent(store: Store) -> None:
    """A claim, a refusal and another claim change the entry and not the event."""
    entry = prepared()
    await store.receive(event("1", entry), entry)
    for end in ("refused", "applied"):
        claimed = again(entry)
        assert await store.claim(claimed) == claimed
        assert await store.record(claimed, end, now=9, receipt="{}")
        entry = await there(store, entry)
    other = prepared("order-2")
    assert await store.receive(event("1", other), other) == event("1", prepared())


async def check_many_at_once(store: Store) -> None:
    """One event that comes 50 times at once, each time for another movement, stands for one of them."""
    entries = [prepared(f"order-{number}") for number in range(50)]
    standing = await asyncio.gather(*(store.receive(event("1", entry), entry) for entry in entries))
    assert len(set(standing)) == 1
    found = [await store.load(SERVICE, entry.reference) for entry in entries]
    assert [entry.reference for entry in found if entry] == [standing[0].reference]


async def check_many_events_of_one_reference(store: Store) -> None:
    """Fifty events that ask for one movement at once have one entry."""
    entries = [prepared(created_at=number) for number in range(50)]
    events = [event(str(number), entry) for number, entry in enumerate(entries)]
    assert await asyncio.gather(*map(store.receive, events, entries)) == events
    assert await there(store, prepared()) in entries


async def check_texts_are_kept(store: Store) -> None:
    """Any text that a database keeps comes back; any other is refused, and leaves no entry either."""
    for place, text in enumerate(TEXTS[2:]):
        entry = prepared(f"order-{place}")
        asked = event(f"{place}{text[:400]}", entry, f"s{text[:400]}")
        await store.receive(asked, entry)
        assert await store.receive(asked, entry) == asked
    for text in ("a\0b", "\ud800"):
        with pytest.raises(JournalError):
            await store.receive(event(text, prepared("new")), prepared("new"))
    assert await store.load(SERVICE, "new") is None


CHECKS = [check for name, check in sorted(globals().items()) if name.startswith("check_")]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_it_does_what_every_store_does(check: Check, store: Store) -> None:
    """The checks that every store has to pass."""
    if not (isinstance(store, MemoryStore) and check is check_texts_are_kept):  # it keeps everything
        await check(store)


SABOTAGES = {
    "an event that came before writes an entry": ("FROM received\n    ON", "\n    ON", check_it_comes_again),
    "an event may come for another movement": (
        "ON CONFLICT (service, source, event_id) DO NOTHING",
        "ON CONFLICT (service, source, event_id) DO UPDATE SET reference = excluded.reference",
        check_it_comes_again,
    ),
    "a reference that is there is an error": (
        "\n    ON CONFLICT (service, reference) DO NOTHING",
        "",
        check_its_entry_is_there,
    ),
}


@pytest.mark.parametrize("sabotage", SABOTAGES)
@pytest.mark.parametrize("store", ["postgres"], indirect=True)
async def test_twins(sabotage: str, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a part of the statement taken out or put wrong, the check that is named with it fails."""
    old, new, check = SABOTAGES[sabotage]
    assert in_postgres.RECEIVE.count(old) == 1
    monkeypatch.setattr(in_postgres, "RECEIVE", in_postgres.RECEIVE.replace(old, new))
    with pytest.raises((AssertionError, JournalError)):
        await check(store)


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_twin_replaced_entries(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A claim that replaces the row instead of changing it takes the event away: the cascade sees a row that goes."""
    columns = rows._WRITE.partition("ON CONFLICT")[0]
    monkeypatch.setattr(rows, "_WRITE", columns.replace("INSERT INTO", "REPLACE INTO"))
    with pytest.raises(AssertionError):
        await check_it_stays_while_its_entry_is_sent(store)


async def is_whole(path: Path, kind: str) -> None:
    """Kill a process that receives an event when it is about to write it; there is all of it afterwards, or nothing.

    Raises:
        AssertionError: There is the entry alone.
    """
    command = [sys.executable, "-m", "tests.consume.receiver", str(path), kind]
    child = await asyncio.create_subprocess_exec(*command, cwd=ROOT)
    assert await child.wait() == -signal.SIGKILL
    store = await SqliteStore.open(path)
    try:
        entry = await store.load(SERVICE, "order-1")
        other = prepared("order-2")
        came = await store.receive(event("1", other), other) != event("1", other)
    finally:
        await store.aclose()
    assert (entry is not None) == came, "the entry is there and the event is not"


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system knows no kill -9")
async def test_killed_between_the_entry_and_the_event(tmp_path: Path) -> None:
    """One transaction writes both: after a kill in between there is neither."""
    await is_whole(tmp_path / "journal.db", "whole")


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system knows no kill -9")
async def test_twin_killed_between_two_transactions(tmp_path: Path) -> None:
    """Written in two transactions, the kill leaves the entry without its event."""
    with pytest.raises(AssertionError, match="the event is not"):
        await is_whole(tmp_path / "journal.db", "torn")
