"""The whole server killed with -9 and started again, in the middle of many claims."""

import asyncio
from typing import Any

import pytest
from attrs import evolve

from tests.journal.conformance import sending
from tests.journal.postgres_server import PostgresServer, running, until
from wallet_async.journal.entry import Entry
from wallet_async.journal.errors import JournalError
from wallet_async.journal.postgres import PostgresStore, connecting, install


async def check_killed(server: PostgresServer) -> None:
    """Kill the server in the middle of many claims and start it again: what was acknowledged is there."""
    database = await server.create()
    await install(server.url(database))
    store = await PostgresStore.open(server.url(database))
    acknowledged: list[Entry] = []
    failed = 0

    async def work(worker: int) -> None:
        nonlocal failed
        for number in range(500):
            entry = sending(f"order-{worker}-{number}")
            try:
                assert await store.claim(entry) == entry
                acknowledged.append(entry)
                assert await store.record(entry, "applied", now=9, receipt="{}")
                acknowledged.append(evolve(entry, state="applied", updated_at=9, receipt="{}"))
            except JournalError:
                failed += 1
                return

    working = asyncio.gather(*map(work, range(8)))
    await until(lambda: asyncio.sleep(0, len(acknowledged) > 200))
    server.kill()
    await working
    server.start()
    latest = {entry.reference: entry for entry in acknowledged}
    wrong = 0
    for entry in latest.values():
        found = await store.load(entry.service, entry.reference)
        # One whose record was not acknowledged may be recorded all the same.
        wrong += found is None or (found != entry and entry.state == "applied")
    await store.aclose()
    print(f"{len(latest)} acknowledged, {failed} not, {wrong} lost")
    assert wrong == 0, f"{wrong} lost"
    assert failed == 8


async def test_killed_and_started_again() -> None:
    """kill -9 of the whole server loses nothing that was acknowledged, and the store goes on with the next one."""
    with running() as server:
        await check_killed(server)


async def test_a_commit_that_does_not_wait_for_the_disk_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sabotaged twin: with synchronous_commit off the same kill loses what was acknowledged."""
    session = connecting.session

    def weak(patience: float) -> dict[str, Any]:
        arguments = session(patience)
        arguments["server_settings"]["synchronous_commit"] = "off"
        return arguments

    async def unchecked(connection: Any) -> None:
        pass

    monkeypatch.setattr(connecting, "session", weak)
    monkeypatch.setattr(connecting, "check", unchecked)
    # A page of the log is written as it fills up, so a kill loses only the last one, and sometimes that was just begun.
    with pytest.raises(AssertionError, match="lost"):
        for _ in range(8):
            with running(wal_writer_delay="10s") as server:
                await check_killed(server)
