"""`PostgresStore` on a real server: what every store does, what is in force on its connections, locks, cancelling."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.journal import conformance_upkeep
from tests.journal.conformance import CHECKS, Check, again, brought, prepared, sending, there
from tests.journal.conformance_deciding import DECIDING_CHECKS
from tests.journal.conformance_lists import LIST_CHECKS
from tests.journal.conformance_upkeep import UPKEEP_CHECKS
from tests.journal.machine import machine
from tests.journal.postgres_sabotages import SABOTAGES
from tests.journal.postgres_server import PostgresServer, until
from wallet_async.journal.checksum import FIELDS
from wallet_async.journal.entry import Entry
from wallet_async.journal.errors import JournalError
from wallet_async.journal.postgres import PostgresStore, connecting, sql


@pytest.fixture
async def store(postgres: PostgresServer, emptied: str) -> AsyncIterator[PostgresStore]:
    """Give an open store with nothing in it."""
    store = await PostgresStore.open(postgres.url(emptied))
    yield store
    await store.aclose()


@pytest.mark.parametrize(
    "check", CHECKS + LIST_CHECKS + UPKEEP_CHECKS + DECIDING_CHECKS, ids=lambda check: check.__name__
)
async def test_it_does_what_every_store_does(check: Check, store: PostgresStore) -> None:
    """The checks that every store has to pass."""
    await check(store)


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """Give what runs coroutines from outside a loop."""
    with asyncio.Runner() as runner:
        yield runner


def test_it_answers_as_a_dict_would(postgres: PostgresServer, emptied: str, runner: asyncio.Runner) -> None:
    """Any calls in any order give what a dict gives."""
    store = runner.run(PostgresStore.open(postgres.url(emptied)))
    try:
        run_state_machine_as_test(
            machine(runner.run, store), settings=settings(max_examples=25, stateful_step_count=20)
        )
    finally:
        runner.run(store.aclose())


@pytest.mark.parametrize("sabotage", SABOTAGES)
async def test_the_checks_notice(sabotage: str, store: PostgresStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sabotaged twins: each condition of a statement left out turns a check red."""
    (name, condition, instead), check = SABOTAGES[sabotage]
    statement: str = getattr(sql, name)
    assert condition in statement
    monkeypatch.setattr(sql, name, statement.replace(condition, instead))
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        await check(store)


async def test_twin_a_damaged_entry_is_believed(store: PostgresStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sabotaged twin: rows read without their checksum are believed, whoever changed them."""
    monkeypatch.setattr(sql, "found", lambda row: Entry(**dict(zip(FIELDS, row.values(), strict=False))))
    monkeypatch.setattr(sql, "entry_of", sql.found)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        await conformance_upkeep.check_a_damaged_entry_is_noticed(store)


IN_FORCE = {
    "synchronous_commit": "on",
    "default_transaction_isolation": "read committed",
    "lock_timeout": "200ms",
    "statement_timeout": "1200ms",
    "idle_in_transaction_session_timeout": "1200ms",
}


async def test_what_is_in_force(postgres: PostgresServer, database: str) -> None:
    """What is set for the database or the role does not weaken a commit or a lock of the journal's."""
    async with postgres.connection(database) as connection:
        for target in (f"DATABASE {database}", f"ROLE wallet IN DATABASE {database}"):
            await connection.execute(f"ALTER {target} SET synchronous_commit = off")
            await connection.execute(f"ALTER {target} SET default_transaction_isolation = serializable")
            await connection.execute(f"ALTER {target} SET lock_timeout = 0")
    async with postgres.connection(database) as connection:
        assert await connection.fetchval("SHOW synchronous_commit") == "off", "others have it as it was set"
    store = await PostgresStore.open(postgres.url(database) + "&synchronous_commit=off", patience=0.2)
    try:
        for name, value in IN_FORCE.items():
            assert (await store._ask(f"SHOW {name}"))[0][0][0] == value, name
    finally:
        await store.aclose()


async def test_a_weaker_commit_is_noticed(
    postgres: PostgresServer, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotaged twin: where the setting does not arrive, as through a proxy that drops it, nothing is opened."""
    session = connecting.session

    def dropped(patience: float) -> dict[str, Any]:
        arguments = session(patience)
        del arguments["server_settings"]["synchronous_commit"]
        return arguments

    monkeypatch.setattr(connecting, "session", dropped)
    async with postgres.connection(database) as connection:
        await connection.execute(f"ALTER DATABASE {database} SET synchronous_commit = off")
    with pytest.raises(JournalError, match="synchronous_commit is 'off'"):
        await PostgresStore.open(postgres.url(database))


async def test_a_lock_held_by_another_session(postgres: PostgresServer, database: str) -> None:
    """A row that another session holds is an error after the patience, and changes nothing; later all is well."""
    store = await PostgresStore.open(postgres.url(database), patience=0.1)
    entry = await brought(store, "refused")
    async with postgres.connection(database) as connection, connection.transaction():
        await connection.execute("SELECT * FROM wallet_async.entries FOR UPDATE")
        with pytest.raises(JournalError, match="55P03"):
            await store.claim(again(entry))
        assert await there(store, entry) == entry, "reading waits for no row"
        await connection.execute("LOCK TABLE wallet_async.entries")
        with pytest.raises(JournalError, match="55P03"):
            await store.load("rehook", "order-1")
    assert (await store.claim(again(entry))).attempt == 2
    await store.aclose()


async def cancelled_after(store: PostgresStore, entry: Entry, steps: int) -> bool:
    """Cancel a claim after so many turns of the loop, and say whether it was still under way."""
    claiming = asyncio.ensure_future(store.claim(entry))
    for _ in range(steps):
        await asyncio.sleep(0)
    claiming.cancel()
    done, _ = await asyncio.wait([claiming])
    return done.pop().cancelled()


async def check_cancelling(postgres: PostgresServer, database: str, store: PostgresStore) -> None:
    """Cancel at every turn: the entry is whole or not there, no transaction is open, every connection is back."""
    assert await store.load("rehook", "order-0") is None  # connected from here on
    steps = written = 0
    while steps < 200 and await cancelled_after(store, sending(f"order-{steps}"), steps):
        steps += 1
    while store._begun:
        await asyncio.wait(store._begun)
    for step in range(steps):
        found = await store.load("rehook", f"order-{step}")
        assert found in (None, sending(f"order-{step}"))
        written += found is not None
    print(f"cancelled at {steps} turns: {written} written, {steps - written} not there")
    await nothing_is_left(postgres, database, store)


async def nothing_is_left(postgres: PostgresServer, database: str, store: PostgresStore) -> None:
    """No transaction is open, and every connection is back in the pool."""
    async with postgres.connection(database) as connection:
        states = await connection.fetch(
            "SELECT state FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()", database
        )
    assert {row["state"] for row in states} == {"idle"}
    assert store._pool.get_idle_size() == store._pool.get_size()
    assert len(states) == store._pool.get_size()


async def test_cancelling_at_every_turn(postgres: PostgresServer, database: str) -> None:
    """A call that is cancelled at any turn of the loop is done whole or not at all, and leaves nothing behind."""
    store = await PostgresStore.open(postgres.url(database))
    await check_cancelling(postgres, database, store)
    await store.aclose()


class SpreadStore(PostgresStore):
    """Claims in a transaction spread over several awaits, in the caller's own task."""

    written: asyncio.Event
    going_on: asyncio.Event

    async def claim(self, entry: Entry) -> Entry:
        connection = await self._pool.acquire()
        await connection.execute("BEGIN")
        rows = await connection.fetch(sql.CLAIM, *sql.claimed(entry))
        self.written.set()
        await self.going_on.wait()
        await connection.execute("COMMIT")
        await self._pool.release(connection)
        return sql.entry_of(rows[0])


async def test_a_transaction_over_several_awaits_leaves_something(postgres: PostgresServer, database: str) -> None:
    """Sabotaged twin: a transaction that a cancelled caller leaves stays open, with its connection."""
    store = await SpreadStore.open(postgres.url(database))
    store.written, store.going_on = asyncio.Event(), asyncio.Event()
    claiming = asyncio.ensure_future(store.claim(sending()))
    await store.written.wait()
    claiming.cancel()
    await asyncio.wait([claiming])
    try:
        with pytest.raises(AssertionError, match="idle in transaction"):
            await nothing_is_left(postgres, database, store)
    finally:
        store._pool.terminate()
        await store.aclose()


async def test_closing_waits_for_what_was_cancelled(postgres: PostgresServer, database: str) -> None:
    """What a cancelled caller has left is finished before the connections are closed."""
    store = await PostgresStore.open(postgres.url(database), patience=5)
    async with postgres.connection(database) as other:
        held = other.transaction()
        await held.start()
        await other.execute("LOCK TABLE wallet_async.entries")
        claiming = asyncio.ensure_future(store.claim(prepared()))
        await until(lambda: waiting(postgres, database))
        claiming.cancel()
        await asyncio.wait([claiming])
        closing = asyncio.ensure_future(store.aclose())
        await asyncio.sleep(0.01)
        assert not closing.done()
        await held.rollback()
        await closing
        assert await other.fetchval("SELECT count(*) FROM wallet_async.entries") == 1


async def waiting(postgres: PostgresServer, database: str) -> bool:
    """Whether a session waits for a lock."""
    async with postgres.connection("postgres") as connection:
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND wait_event_type = 'Lock'"
        return bool(await connection.fetchval(query, database))
