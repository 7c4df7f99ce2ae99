"""Connections that break before, during and after a commit: what is said of an entry is what stands there."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from attrs import evolve

from tests.journal.conformance import sending, there
from tests.journal.postgres_proxy import BreakingProxy, Moment
from tests.journal.postgres_server import PostgresServer, until
from wallet_async.journal.entry import Entry
from wallet_async.journal.errors import JournalError
from wallet_async.journal.postgres import PostgresStore, connecting, sql
from wallet_async.journal.postgres.driver import FAULTS

APPLIED: dict[str, Any] = {"now": 9, "receipt": '{"id":"1"}'}


@asynccontextmanager
async def by_detour(
    postgres: PostgresServer, database: str, kind: type[PostgresStore] = PostgresStore, patience: float = 2
) -> AsyncIterator[tuple[BreakingProxy, PostgresStore]]:
    """Give a proxy, and an open store behind it."""
    async with BreakingProxy(postgres.port) as proxy:
        store = await kind.open(postgres.url(database, port=proxy.port), patience=patience, connections=2)
        try:
            yield proxy, store
        finally:
            await store.aclose()


async def check_a_broken_connection(
    postgres: PostgresServer, database: str, moment: Moment, kind: type[PostgresStore] = PostgresStore
) -> None:
    """Break at each message of a claim and a record, one after the other: both succeed, and say so."""
    async with by_detour(postgres, database, kind) as (proxy, store):
        message = 0  # the first are those of connecting
        while proxy.broken == message:
            message += 1
            entry = sending(f"order-{moment}-{message}")
            proxy.arm(message, moment)
            assert await store.claim(entry) == entry
            assert await store.record(entry, "applied", **APPLIED)
            applied = evolve(entry, state="applied", updated_at=APPLIED["now"], receipt=APPLIED["receipt"])
            assert await there(store, entry) == applied
        print(f"broken {moment}, at each of {proxy.broken} messages")
        assert proxy.broken >= 2


@pytest.mark.parametrize("moment", ["before", "after", "at once"])
async def test_a_broken_connection_is_answered_truly(postgres: PostgresServer, database: str, moment: Moment) -> None:
    """Wherever the connection breaks, a claim and a record that were done are not called undone."""
    await check_a_broken_connection(postgres, database, moment)


class HastyStore(PostgresStore):
    """Says of a statement whose answer was lost that it was not done."""

    async def _ask(self, query: str, *arguments: object) -> tuple[Sequence[Any], bool]:
        return await self._once(query, *arguments), False

    async def _once(self, query: str, *arguments: object) -> Sequence[Any]:
        connection = await self._pool.acquire()
        try:
            rows: Sequence[Any] = await connection.fetch(query, *arguments)
            return rows
        except FAULTS:
            raise JournalError("it was not done") from None
        finally:
            await self._give_back(connection, False)


class ForgetfulStore(PostgresStore):
    """Gives a statement once more, and forgets that the first may have been done."""

    async def _ask(self, query: str, *arguments: object) -> tuple[Sequence[Any], bool]:
        return (await super()._ask(query, *arguments))[0], False


async def test_not_done_is_wrong_after_a_lost_answer(postgres: PostgresServer, database: str) -> None:
    """Sabotaged twin: an error that says nothing was done, over an entry that stands there."""
    async with by_detour(postgres, database, HastyStore) as (proxy, store):
        await store.claim(sending("warm"))
        proxy.arm(1, "after")
        with pytest.raises(JournalError):
            await store.claim(sending())
        assert await store.load("rehook", "order-1") == sending()


async def test_a_record_of_our_own_is_not_anothers(postgres: PostgresServer, database: str) -> None:
    """Sabotaged twin: without a look at what stands there, our own record is taken for another call's."""
    with pytest.raises(AssertionError):
        await check_a_broken_connection(postgres, database, "after", ForgetfulStore)


class GlancingStore(HastyStore):
    """Looks at the row once the answer was lost, though the statement may still be at work."""

    async def _ask(self, query: str, *arguments: object) -> tuple[Sequence[Any], bool]:
        try:
            return await self._once(query, *arguments), False
        except JournalError:
            return await self._once(sql.LOAD, *arguments[:2]), True

    async def _claim(self, entry: Entry) -> Entry:
        rows, again = await self._ask(sql.CLAIM, *sql.claimed(entry))
        if again and not rows:
            raise JournalError("it was not done")
        return sql.entry_of(rows[0])


async def check_a_statement_still_at_work(
    postgres: PostgresServer, database: str, kind: type[PostgresStore] = PostgresStore
) -> None:
    """Cut the client off while its claim waits for another session; what it then says is what comes of it."""
    async with by_detour(postgres, database, kind) as (proxy, store), postgres.connection(database) as other:
        await store.claim(sending("warm"))
        held = other.transaction()
        await held.start()
        await other.execute(
            "INSERT INTO wallet_async.entries SELECT service, 'order-1', fingerprint, movement, state,"
            " attempt, owner, 1, 1, receipt, reason, 1, 1, 1 FROM wallet_async.entries"
        )
        proxy.arm(1, "at once")
        claiming = asyncio.ensure_future(store.claim(sending()))
        # One session holds on, though nobody listens to it; and once it is there, so does the one that asks again.
        waiting = 1 if kind is GlancingStore else 2
        await until(lambda: sessions(postgres, database, waiting))
        # The glance needs nobody's lock, so it has an end, however slow the machine; the sound one waits.
        await asyncio.wait([claiming], timeout=None if kind is GlancingStore else 0.01)
        await held.rollback()
        said = (await asyncio.gather(claiming, return_exceptions=True))[0]
        await until(lambda: sessions(postgres, database, 0))
        assert (said == sending()) == (await store.load("rehook", "order-1") == sending())


async def sessions(postgres: PostgresServer, database: str, number: int) -> bool:
    """Whether so many sessions wait for a lock."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND wait_event_type = 'Lock'"
    async with postgres.connection("postgres") as connection:
        return bool(await connection.fetchval(query, database) == number)


async def test_a_statement_that_is_still_at_work(postgres: PostgresServer, database: str) -> None:
    """A claim that commits after its connection broke is not called undone before."""
    await check_a_statement_still_at_work(postgres, database)


async def test_a_glance_is_too_early(postgres: PostgresServer, database: str) -> None:
    """Sabotaged twin: reading the row finds nothing, and then the entry stands there."""
    with pytest.raises(AssertionError):
        await check_a_statement_still_at_work(postgres, database, GlancingStore)


async def test_terminated_while_idle(postgres: PostgresServer, database: str) -> None:
    """Sessions that were ended while nobody used them cost nothing."""
    store = await PostgresStore.open(postgres.url(database))
    await asyncio.gather(*(store.claim(sending(f"order-{n}")) for n in range(20)))
    async with postgres.connection(database) as other:
        await end_sessions(other)
        for number in range(20, 40):
            entry = sending(f"order-{number}")
            assert await store.claim(entry) == entry
        assert await other.fetchval("SELECT count(*) FROM wallet_async.entries") == 40
    await store.aclose()


async def test_terminated_while_it_works(postgres: PostgresServer, database: str) -> None:
    """A session that is ended while its claim waits for a lock: the claim is made on another."""
    store = await PostgresStore.open(postgres.url(database))
    async with postgres.connection(database) as other:
        held = other.transaction()
        await held.start()
        await other.execute("LOCK TABLE wallet_async.entries")
        claiming = asyncio.ensure_future(store.claim(sending()))
        await until(lambda: sessions(postgres, database, 1))
        await end_sessions(other)
        await held.rollback()
        assert await claiming == sending()
    await store.aclose()


async def end_sessions(connection: Any) -> None:
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid()"
    )


async def test_terminated_in_the_middle_of_a_commit(postgres: PostgresServer, database: str) -> None:
    """A session that is ended while its commit waits for a standby has committed: the claim is ours."""
    store = await PostgresStore.open(postgres.url(database))
    async with postgres.connection(database) as other:
        await other.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        try:
            await other.execute("SELECT pg_reload_conf()")
            await until(lambda: standby(other, "nobody"))
            claiming = asyncio.ensure_future(store.claim(sending()))
            await until(lambda: in_commit(postgres, database))
            await end_sessions(other)
        finally:
            await other.execute("ALTER SYSTEM RESET synchronous_standby_names")
            await other.execute("SELECT pg_reload_conf()")
        assert await claiming == sending()
        assert await other.fetchval("SELECT count(*) FROM wallet_async.entries") == 1
    await store.aclose()


async def standby(connection: Any, name: str) -> bool:
    return bool(await connection.fetchval("SHOW synchronous_standby_names") == name)


async def in_commit(postgres: PostgresServer, database: str) -> bool:
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND wait_event = 'SyncRep'"
    async with postgres.connection("postgres") as connection:
        return bool(await connection.fetchval(query, database))


async def test_a_connection_on_which_nothing_comes(
    postgres: PostgresServer, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that has died without a word is given up after the patience, and another one is used."""
    monkeypatch.setattr(connecting, "LEEWAY", 0.05)
    async with by_detour(postgres, database, patience=0.05) as (proxy, store):
        await store.claim(sending())
        proxy.arm(1, "never")
        assert await store.claim(sending("order-2")) == sending("order-2")
        assert proxy.broken == 1
        assert store._pool.get_idle_size() == store._pool.get_size()


async def test_when_nobody_can_tell(postgres: PostgresServer, database: str) -> None:
    """Where the answer is lost and the server cannot be asked again, that is the error; nothing hangs."""
    async with by_detour(postgres, database) as (proxy, store):
        await store.claim(sending())
        proxy.refuses = True
        proxy.arm(1, "after")
        with pytest.raises(JournalError):
            await store.claim(sending("order-2"))
        proxy.refuses = False
        assert await store.claim(sending("order-2", owner="two")) == sending("order-2")
