"""`prepare_in`: an entry is there if, and only if, the caller's own transaction is."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from attrs import evolve
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.pool import NullPool

from tests.journal.conformance import TEXTS, again, brought, prepared, sending
from tests.journal.postgres_server import PostgresServer, until
from wallet_async.engine.errors import InvalidInputError
from wallet_async.journal.entry import Entry
from wallet_async.journal.errors import JournalError
from wallet_async.journal.postgres import PostgresStore, prepare_in


class Caller:
    """A transaction of the caller's, by one library or another."""

    def __init__(self, handle: Any, execute: Callable[[str], Awaitable[Any]], end: Callable[[str], Any]) -> None:
        self.handle = handle
        self.execute = execute
        self.commit: Callable[[], Awaitable[None]] = lambda: end("commit")
        self.rollback: Callable[[], Awaitable[None]] = lambda: end("rollback")


@asynccontextmanager
async def with_asyncpg(url: str) -> AsyncIterator[Caller]:
    connection = await asyncpg.connect(url)
    transaction = connection.transaction()
    await transaction.start()
    try:
        yield Caller(connection, connection.execute, lambda how: getattr(transaction, how)())
    finally:
        await connection.close()


@asynccontextmanager
async def with_sqlalchemy(url: str) -> AsyncIterator[Caller]:
    engine = create_async_engine(
        url.replace("postgresql:", "postgresql+asyncpg:").partition("?")[0], poolclass=NullPool
    )
    async with AsyncSession(engine) as session:
        yield Caller(session, lambda query: session.execute(text(query)), lambda how: getattr(session, how)())
    await engine.dispose()


Begin = Callable[[], Any]


@pytest.fixture(params=[with_asyncpg, with_sqlalchemy], ids=["asyncpg", "sqlalchemy"])
async def begin(request: pytest.FixtureRequest, postgres: PostgresServer, emptied: str) -> Begin:
    """Give what begins a transaction of the caller's, in a database where the caller has a table."""
    async with postgres.connection(emptied) as connection:
        await connection.execute("DROP TABLE IF EXISTS public.inbox; CREATE TABLE public.inbox (id text PRIMARY KEY)")
    return lambda: request.param(postgres.url(emptied))


@pytest.fixture
async def store(postgres: PostgresServer, emptied: str) -> AsyncIterator[PostgresStore]:
    """Give an open store with nothing in it: what others see."""
    store = await PostgresStore.open(postgres.url(emptied))
    yield store
    await store.aclose()


async def check_both_or_none(begin: Begin, store: PostgresStore, prepare: Callable[[Any, Entry], Any]) -> None:
    """What is written is seen after the commit, with the caller's own row, and not after a rollback."""
    for how in ("rollback", "commit"):
        async with begin() as caller:
            await caller.execute("INSERT INTO public.inbox VALUES ('event-1')")
            assert await prepare(caller.handle, prepared()) == prepared()
            assert await store.load("rehook", "order-1") is None, "nobody else sees it yet"
            await getattr(caller, how)()
        assert await store.load("rehook", "order-1") == (prepared() if how == "commit" else None)
    assert await store.claim(again(prepared())) == again(prepared())


async def test_both_or_none(begin: Begin, store: PostgresStore) -> None:
    """An entry comes and goes with the transaction that it was written in."""
    await check_both_or_none(begin, store, prepare_in)


async def test_a_connection_of_its_own_is_another_transaction(begin: Begin, store: PostgresStore) -> None:
    """Sabotaged twin: written through the store, an entry is there before the caller's row, and stays."""
    with pytest.raises(AssertionError):
        await check_both_or_none(begin, store, lambda _, entry: store.claim(entry))


async def test_what_stands_there_is_given(begin: Begin, store: PostgresStore) -> None:
    """A reference that was used gives its entry, and the transaction can go on."""
    applied = await brought(store, "applied")
    async with begin() as caller:
        assert await prepare_in(caller.handle, prepared()) == applied
        assert await prepare_in(caller.handle, prepared(fingerprint="e" * 64)) == applied
        assert await prepare_in(caller.handle, prepared("order-2")) == prepared("order-2")
        assert await prepare_in(caller.handle, prepared("order-2")) == prepared("order-2")
        await caller.commit()
    assert await store.load("rehook", "order-1") == applied
    assert await store.load("rehook", "order-2") == prepared("order-2")


async def test_another_try_is_prepared(begin: Begin, store: PostgresStore) -> None:
    """What was refused is prepared anew as the next attempt."""
    refused = await brought(store, "refused")
    entry = again(refused, state="prepared")
    async with begin() as caller:
        assert await prepare_in(caller.handle, entry) == entry
        await caller.commit()
    assert await store.load("rehook", "order-1") == entry


async def test_any_text(begin: Begin, store: PostgresStore) -> None:
    """Texts and times are kept exactly."""
    entries = [prepared(f"{n}", movement=words, owner=words, created_at=2**62) for n, words in enumerate(TEXTS)]
    async with begin() as caller:
        for entry in entries:
            assert await prepare_in(caller.handle, entry) == entry
        await caller.commit()
    for entry in entries:
        assert await store.load("rehook", entry.reference) == entry


@pytest.mark.parametrize("how", ["commit", "rollback"])
async def test_another_claim_waits_for_the_caller(
    begin: Begin, store: PostgresStore, postgres: PostgresServer, emptied: str, how: str
) -> None:
    """Who wants the same reference meanwhile gets it, or what stands there, when the caller has ended."""

    async def waiting() -> bool:
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND wait_event_type = 'Lock'"
        async with postgres.connection("postgres") as connection:
            return bool(await connection.fetchval(query, emptied))

    ours, theirs = prepared(), sending(owner="two", fingerprint="e" * 64)
    async with begin() as caller:
        await prepare_in(caller.handle, ours)
        claiming = asyncio.ensure_future(store.claim(theirs))
        await until(waiting)
        await getattr(caller, how)()
    assert await claiming == (ours if how == "commit" else theirs)


async def test_what_is_refused(begin: Begin, store: PostgresStore) -> None:
    """An entry that is not prepared, or follows nothing, or cannot be kept; no error shows what was in it."""
    async with begin() as caller:
        with pytest.raises(InvalidInputError, match="'prepared'"):
            await prepare_in(caller.handle, sending())
        with pytest.raises(JournalError, match="attempt 2"):
            await prepare_in(caller.handle, prepared(attempt=2))
        with pytest.raises(JournalError) as caught:
            await prepare_in(caller.handle, prepared(movement="canary-8d2\0"))
        assert "canary" not in f"{caught.value!r} {caught.value.__context__!r} {caught.value.__cause__!r}"
        await caller.rollback()
    assert await store.load("rehook", "order-1") is None


async def test_without_a_transaction(postgres: PostgresServer, emptied: str) -> None:
    """On a connection of asyncpg on which none has begun, nothing would bind the entry to the caller's rows."""
    async with postgres.connection(emptied) as connection:
        with pytest.raises(InvalidInputError, match="begin a transaction"):
            await prepare_in(connection, prepared())


async def test_a_connection_of_a_pool(postgres: PostgresServer, emptied: str) -> None:
    """A connection of the caller's pool will do."""
    async with (
        asyncpg.create_pool(postgres.url(emptied), min_size=1, max_size=1) as pool,
        pool.acquire() as connection,
        connection.transaction(),
    ):
        assert await prepare_in(connection, evolve(prepared(), owner="pool")) == prepared(owner="pool")
