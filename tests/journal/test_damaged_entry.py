"""One entry that is not what was written: nothing is sent under it, and all others go on."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.faults.providers import CLIENTS, Client
from tests.journal import bench
from tests.journal.behind import changed
from tests.journal.conformance import STATES, brought
from tests.journal.journals import opened
from tests.journal.memory import MemoryStore
from wallet_async.engine.events import PersonNeededEvent
from wallet_async.journal import Journal, JournalError
from wallet_async.journal.checksum import FIELDS, Damaged
from wallet_async.journal.entry import Entry, State
from wallet_async.journal.pruning import LEAST_AGE
from wallet_async.journal.sqlite import rows
from wallet_async.sandbox import Sandbox


async def altered_to_be_sent_again(client: Client, path: Path) -> None:
    """Book a credit, make its entry say behind the journal's back that it was refused, and ask again.

    Raises:
        AssertionError: It was booked twice.
    """
    async with (
        opened(path) as store,
        Sandbox(client.sandbox()) as sandbox,
        client.session(sandbox.url, journal=Journal(store)) as session,
    ):
        await client.write(session)
        await changed(store, "state = 'refused'")
        requests = sandbox.observed.requests.total()
        with contextlib.suppress(JournalError):
            await client.write(session)
        assert sandbox.observed.requests.total() == requests, "it was sent again"
        with pytest.raises(JournalError, match=r"the journal is damaged: the entry of .* 'r-1' is not") as caught:
            await client.write(session)
        assert caught.value.not_applied
        await client.write(session, reference="r-2")


async def test_nothing_is_sent_under_it(client: Client, tmp_path: Path) -> None:
    """The error names the reference and says what to do; other references go on."""
    await altered_to_be_sent_again(client, tmp_path / "journal.db")


async def test_twin_it_is_sent_again_unchecked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sabotaged twin: without the checksum it is believed, and booked twice."""
    monkeypatch.setattr(rows, "sound", lambda row: Entry(**dict(zip(FIELDS, row, strict=False))))
    with pytest.raises(AssertionError, match="sent again"):
        await altered_to_be_sent_again(CLIENTS["rehook"], tmp_path / "journal.db")


class DamagedStore(MemoryStore):
    """Has a damaged entry in front of all others."""

    async def unsettled(self, service: str, *, now: int, limit: int) -> Sequence[Any]:
        return [Damaged(service, "r-0"), *await super().unsettled(service, now=now, limit=limit)]

    async def listed(
        self, service: str | None, states: Sequence[State], *, after: tuple[str, str] | None, limit: int
    ) -> Sequence[Any]:
        found = await super().listed(service, states, after=after, limit=limit)
        return found if after else [Damaged("rehook", "r-0"), *found]

    async def stale(
        self, states: Sequence[State], *, before: int, after: tuple[str, str] | None, limit: int
    ) -> Sequence[Any]:
        found = await super().stale(states, before=before, after=after, limit=limit)
        return found if after else [Damaged("rehook", "r-0"), *found]


class StrictStore(DamagedStore):
    """Gives nothing where anything is damaged."""

    async def unsettled(self, service: str, *, now: int, limit: int) -> Sequence[Any]:
        raise JournalError("the journal is damaged")

    async def listed(
        self, service: str | None, states: Sequence[State], *, after: tuple[str, str] | None, limit: int
    ) -> Sequence[Any]:
        raise JournalError("the journal is damaged")

    stale = listed  # type: ignore[assignment]


async def the_others_are_settled(client: Client) -> None:
    """Lose an answer beside a damaged entry.

    Raises:
        AssertionError: It was not settled, or nobody was told of the damaged one, or more than once.
    """
    async with bench.opened(client) as (one, session):
        await one.lose(session)
        await one.hands.advance(60)
        assert one.state() == "applied"
        (event,) = one.told(PersonNeededEvent)
        assert (event.service, event.reference) == (client.name, "r-0")
        assert event.reason.startswith("the journal is damaged")
        assert (session.statistics().in_doubt, session.statistics().need_person) == (1, 1)


async def test_it_keeps_no_other_from_being_settled(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person is told of it once; what is in doubt beside it is settled."""
    monkeypatch.setattr(bench, "MemoryStore", DamagedStore)
    await the_others_are_settled(client)


async def test_twin_a_store_that_refuses_settles_nothing(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sabotaged twin: where one damaged entry is an error of all, nothing is settled any more."""
    monkeypatch.setattr(bench, "MemoryStore", StrictStore)
    with pytest.raises(AssertionError):
        await the_others_are_settled(client)


async def all_others_are_listed_and_pruned(store: MemoryStore) -> None:
    """List and prune beside a damaged entry; the error comes last, and names it."""
    for state in STATES:
        await brought(store, state, f"order-{state}")
    journal, seen = Journal(store), list[str]()
    with pytest.raises(JournalError, match="damaged: the entry of 'rehook' 'r-0'"):
        async for entry in journal.entries():
            seen.append(entry.reference)
    assert len(seen) == len(STATES)
    with pytest.raises(JournalError, match=r"damaged: the entry of 'rehook' 'r-0'.*and 1 more"):
        await journal.prune(datetime.now(UTC) - LEAST_AGE)
    assert {entry.state for entry in store.entries.values()} == set(STATES) - {"refused", "not_applied"}


async def test_it_keeps_no_other_from_being_listed_or_pruned() -> None:
    """All that can be read is, and the error is not forgotten."""
    await all_others_are_listed_and_pruned(DamagedStore())


async def test_twin_a_store_that_refuses_shows_nothing() -> None:
    """Sabotaged twin: where one damaged entry is an error of all, nothing is seen."""
    with pytest.raises(AssertionError):
        await all_others_are_listed_and_pruned(StrictStore())


async def test_the_audit_counts_it_as_wrong(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be read is not as it should be."""
    monkeypatch.setattr(bench, "MemoryStore", DamagedStore)
    async with bench.opened(client) as (one, session):
        await client.write(session)
        assert await session._once.resolver.audit.everything() == 1
        assert {event.reference for event in one.told(PersonNeededEvent)} == {"r-0"}
