"""Old entries lose what they were about and keep what makes a reference good for one movement only."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.faults.providers import CLIENTS, Client
from tests.journal.conformance import STATES, brought, sending
from tests.journal.conformance_upkeep import SETTLED, settled
from tests.journal.journals import opened
from tests.journal.memory import MemoryStore
from wallet_async.engine.errors import InvalidInputError
from wallet_async.journal import Journal, PrunedError, ReferenceConflictError
from wallet_async.journal.pruning import LEAST_AGE, Pruned
from wallet_async.journal.sqlite import pruning
from wallet_async.journal.sqlite.file import JournalFile
from wallet_async.sandbox import Fault, Sandbox

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def later() -> int:
    """Give the time in microseconds, as it will be when what is written now may be pruned."""
    return time.time_ns() // 1000 + int((LEAST_AGE + timedelta(hours=1)).total_seconds() * 1e6)


async def prune(store: Any) -> Pruned:
    """Prune all that is written until now, as if it were long ago."""
    return await Journal(store, clock=later).prune(datetime.now(UTC))


@asynccontextmanager
async def booked_and_pruned(client: Client, path: Path) -> AsyncIterator[tuple[Any, Any, Any]]:
    """Book a credit with a journal in a file, and prune it; give the stand-in, the session and the receipt."""
    async with (
        opened(path) as store,
        Sandbox(client.sandbox()) as sandbox,
        client.session(sandbox.url, journal=Journal(store)) as session,
    ):
        receipt = await client.write(session)
        assert (await prune(store)).emptied == 1
        yield sandbox, session, receipt


def rows_of(sandbox: Any, client: Client) -> int:
    return sum(client.is_ours(entry, "r-1") for entry in sandbox.api.ledger.entries())


async def asked_again(client: Client, path: Path) -> None:
    """Ask again for what was pruned.

    Raises:
        AssertionError: It was booked twice, or the receipt is another one.
    """
    async with booked_and_pruned(client, path) as (sandbox, session, receipt):
        for _ in range(2):
            assert (await client.write(session)).reference == receipt.reference
        assert rows_of(sandbox, client) == 1, "booked again"


async def test_what_was_pruned_is_not_sent_again(client: Client, tmp_path: Path) -> None:
    """Its receipt comes from the history, however often it is asked for."""
    await asked_again(client, tmp_path / "journal.db")


async def test_twin_a_reference_that_was_removed_is_booked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotaged twin: pruning that takes the reference away, too, books it twice; Sipay itself would not."""
    monkeypatch.setattr(pruning, "remainder", lambda entry: None)
    with pytest.raises(AssertionError, match="booked again"):
        await asked_again(CLIENTS["rehook"], tmp_path / "journal.db")


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (Fault("lag", seconds=(86_400, 86_400)), "the history does not show it"),
        (Fault("status", operation="transactions", status=500), "the history could not be read"),
    ],
    ids=["not shown", "not read"],
)
async def test_a_receipt_that_nobody_has_is_told_as_pruned(
    fault: Fault, why: str, client: Client, tmp_path: Path
) -> None:
    """It was booked for certain, and the error says when; nothing is sent, and nothing is said to be open."""
    async with booked_and_pruned(client, tmp_path / "journal.db") as (sandbox, session, _):
        sandbox.faults.add(fault)
        booked = rf"it was booked on {datetime.now(UTC):%Y}-.*, its receipt was pruned since, and {why}"
        with pytest.raises(PrunedError, match=booked) as caught:
            await client.write(session)
        assert not caught.value.not_applied
        assert rows_of(sandbox, client) == 1


async def test_the_audit_leaves_what_was_pruned_alone(client: Client, tmp_path: Path) -> None:
    """Nothing can be said of it, and so nothing is wrong with it."""
    async with booked_and_pruned(client, tmp_path / "journal.db") as (_, session, _):
        audit = session._once.resolver.audit
        audit._clock = later
        assert (await audit.everything(), audit.unread) == (0, 0)


async def test_another_movement_is_a_conflict_for_ever(client: Client, tmp_path: Path) -> None:
    """What the reference stood for is known by its digest."""
    async with booked_and_pruned(client, tmp_path / "journal.db") as (_, session, _):
        with pytest.raises(ReferenceConflictError):
            await client.write(session, "debit")


async def test_only_what_is_settled_and_old_is_pruned() -> None:
    """Counted by a dry run as by the real one; what is open or young stays as it is."""
    store = MemoryStore()
    for state in STATES:
        await brought(store, state, f"old-{state}")
    for state in SETTLED:
        await settled(store, f"young-{state}", state, now=2**60)
    journal, before = Journal(store), dict(store.entries)
    expected = Pruned(emptied=1, removed=2)
    assert await journal.prune(LONG_AGO, dry_run=True) == expected
    assert store.entries == before
    assert await journal.prune(LONG_AGO) == expected
    assert await journal.prune(LONG_AGO) == Pruned(emptied=0, removed=0)
    changed = {key for key, entry in before.items() if store.entries.get(key) != entry}
    assert {reference for _, reference in changed} == {f"old-{state}" for state in SETTLED}


async def test_what_is_young_is_not_pruned() -> None:
    """Less than 30 days is refused, and so is a time that says no zone; the reason is told."""
    journal = Journal(MemoryStore())
    for moment in (datetime.now(UTC) - LEAST_AGE + timedelta(minutes=1), LONG_AGO.replace(tzinfo=None), "2020-01-01"):
        with pytest.raises(InvalidInputError, match="before must be"):
            await journal.prune(moment)  # type: ignore[arg-type]


SECRET = "Krishna lives in Bengaluru"


async def fill(path: Path) -> None:
    async with opened(path) as store:
        entries = [sending(f"order-{number}", movement=f'{{"name":"{SECRET}"}}') for number in range(300)]
        await asyncio.gather(*map(store.claim, entries))
        await asyncio.gather(*(store.record(entry, "applied", now=9, receipt=SECRET * 15) for entry in entries))


async def prune_file(path: Path) -> Pruned:
    async with opened(path) as store:
        return await prune(store)


def smaller_and_without_a_trace(path: Path) -> None:
    """Prune many entries in a file, and close it.

    Raises:
        AssertionError: What they said is still in it, or it is as large as before.
    """
    asyncio.run(fill(path))
    before = path.read_bytes()
    assert asyncio.run(prune_file(path)) == Pruned(emptied=300, removed=0)
    after = path.read_bytes()
    print(f"{len(before)} bytes became {len(after)}; {after.count(SECRET.encode())} traces")
    assert SECRET.encode() not in after
    assert len(after) < len(before) / 2


def test_the_file_is_smaller_and_has_no_trace_left(tmp_path: Path) -> None:
    """What was pruned is nowhere in the file once it is closed, not in what SQLite left free either."""
    smaller_and_without_a_trace(tmp_path / "journal.db")


def test_twin_traces_are_left_where_it_is_not_written_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sabotaged twin: SQLite by itself keeps the pages, and what stood on them."""
    monkeypatch.setattr(JournalFile, "compact", lambda self: None)
    with pytest.raises(AssertionError):
        smaller_and_without_a_trace(tmp_path / "journal.db")
