"""Rows 5 and 8 to 11 of the fault matrix with a journal: nothing has left, the journal says so, the next call sends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tests.faults.judge import HASTY, SHORT, attempt, until
from tests.faults.providers import CLIENTS, Client
from tests.faults.test_not_sent import no_descriptors, place
from tests.journal.cells import WHOLE
from tests.journal.journals import opened
from tests.journal.memory import MemoryStore
from tests.journal.postgres_server import cleared
from tests.kit import CommitServer, certificates, for_writes, gated, good
from wallet_async.engine.errors import InvalidInputError, SessionClosedError
from wallet_async.engine.limits import Limits
from wallet_async.journal import Journal
from wallet_async.journal.postgres import PostgresStore
from wallet_async.journal.store import Store

BOTH = pytest.mark.parametrize(
    ("client", "kind"),
    list(product(CLIENTS, ("credit", "debit"))) if WHOLE else [("rehook", "credit"), ("loyalty", "debit")],
    indirect=["client"],
)


@pytest.fixture(params=["file", "server"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """Give one kind of journal after the other, empty."""
    if request.param == "file":
        async with opened(tmp_path / "journal.db") as in_file:
            yield in_file
    else:
        postgres = request.getfixturevalue("postgres")
        on_server = await PostgresStore.open(postgres.url(await cleared(postgres)))
        yield on_server
        await on_server.aclose()


async def check_next(client: Client, store: Store, kind: Any) -> None:
    """Assert that the journal knows of nothing that may be booked, and that the same write is made when it can be.

    Raises:
        AssertionError: The journal is in doubt, or the next call sent nothing.
    """
    entry = await store.load(client.name, "r-1")
    assert entry is None or entry.state == "prepared", f"the journal says {entry.state}"
    async with (
        CommitServer(for_writes(good()), flavour=client.flavour) as server,
        client.session(server.url, journal=Journal(store)) as session,
    ):
        assert (await attempt(lambda: client.write(session, kind), [])).claim == "DONE"
    assert server.commits[client.method] == 1


@BOTH
async def test_a_certificate_that_does_not_fit(client: Client, store: Store, kind: Any) -> None:
    """Row 5."""
    certs = certificates("expired")
    async with (
        CommitServer(good(), flavour=client.flavour, tls=certs.server) as server,
        client.session(server.url, journal=Journal(store), retry=HASTY) as session,
    ):
        assert (await attempt(lambda: client.write(session, kind), [])).claim == "NOT_SENT"
    await check_next(client, store, kind)


@BOTH
async def test_no_slot_in_time(client: Client, store: Store, kind: Any) -> None:
    """Row 8: what ends in the queue has left no entry that anybody would have to settle."""
    release = asyncio.Event()
    async with (
        CommitServer(gated(release, good()), flavour=client.flavour) as server,
        client.session(server.url, journal=Journal(store), limits=Limits(max_in_flight=1)) as session,
    ):
        first = asyncio.create_task(client.write(session, kind, reference="r-0"))
        await until(lambda: server.in_flight)
        outcome = await attempt(lambda: client.write(session, kind, timeout=SHORT), [])
        release.set()
        await first
    assert outcome.claim == "NOT_SENT"
    await check_next(client, store, kind)


@BOTH
async def test_no_descriptors_left(client: Client, store: Store, kind: Any) -> None:
    """Row 9: be it the journal's connection that is not to be had or the provider's."""
    async with (
        CommitServer(good(), flavour=client.flavour) as server,
        client.session(server.url, journal=Journal(store), retry=HASTY) as session,
    ):
        with no_descriptors(), pytest.raises(Exception) as caught:
            await client.write(session, kind)
        assert caught.value.not_applied
        assert server.seen == []
    await check_next(client, store, kind)


@BOTH
async def test_what_is_refused_here(client: Client, store: Store, kind: Any) -> None:
    """Row 10: a reference that is none, and a session that is closed."""
    async with CommitServer(good(), flavour=client.flavour) as server:
        async with client.session(server.url, journal=Journal(store)) as session:
            with pytest.raises(InvalidInputError):
                await client.write(session, kind, reference="r" * 513)
        with pytest.raises(SessionClosedError):
            await client.write(session, kind)
    assert server.seen == []
    await check_next(client, store, kind)


async def cancelled(client: Client, store: Store, kind: Any) -> None:
    """Cancel a write while no connection is made, and make it afterwards."""
    async with place("4-connect-hangs") as where, client.session(where.url, journal=Journal(store)) as session:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(SHORT):
                await client.write(session, kind)
    await check_next(client, store, kind)


@BOTH
async def test_cancelled_before_a_connection(client: Client, store: Store, kind: Any) -> None:
    """Row 11: the claim was written with the slot in hand, and is taken back to `prepared`."""
    await cancelled(client, store, kind)


async def test_twin_taken_for_doubtful(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a journal that takes all that was cancelled for doubtful the same check fails."""
    record = MemoryStore.record

    async def anxious(store: MemoryStore, entry: Any, state: Any, **words: Any) -> bool:
        return await record(store, entry, "in_doubt" if state == "prepared" else state, **words)

    monkeypatch.setattr(MemoryStore, "record", anxious)
    with pytest.raises(AssertionError, match="the journal says in_doubt"):
        await cancelled(client, MemoryStore(), "credit")
