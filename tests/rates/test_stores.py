"""The stores, on a real Redis and a real PostgreSQL: no cell is taken twice, and faults are told without a secret."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest

from rehook_async import ConnectError, InvalidInputError, Limits, RehookSession, RetryPolicy
from tests.brokers.redis_server import RedisServer
from tests.journal.postgres_server import GUARDED, PASSWORD, PostgresServer
from tests.kit import closed_port
from tests.rates.stores import LookingPostgres, LookingRedis
from wallet_async.rates import SharedRate
from wallet_async.rates.postgres import PostgresStore
from wallet_async.rates.redis import RedisStore

SECOND = 1_000_000

Kind = type[RedisStore] | type[PostgresStore]


def kind_of(url: str) -> Kind:
    return RedisStore if url.startswith("redis:") else PostgresStore


@asynccontextmanager
async def opened(kind: Kind, url: str, name: str) -> AsyncIterator[RedisStore | PostgresStore]:
    store = await kind.open(url, name)
    try:
        yield store
    finally:
        await store.aclose()


async def check_each_cell_once(kind: Kind, url: str, name: str) -> None:
    """Assert that of 40 that ask at once over four connections each gets a cell of its own, a second behind another."""
    async with AsyncExitStack() as stack:
        stores = [await stack.enter_async_context(opened(kind, url, name)) for _ in range(4)]
        begun = time.monotonic()

        async def take(number: int) -> int:
            ahead = await stores[number % 4].take(SECOND)
            return round(ahead + time.monotonic() - begun)

        cells = await asyncio.gather(*map(take, range(40)))
    assert sorted(cells) == list(range(40))


async def test_each_cell_once(url: str, name: str) -> None:
    """No two who ask at the same time get the same cell, and none is left out."""
    await check_each_cell_once(kind_of(url), url, name)


async def test_each_cell_once_by_looking(url: str, name: str) -> None:
    """Sabotaged twin: to look first and to write then gives one cell to several."""
    with pytest.raises(AssertionError):
        await check_each_cell_once(LookingRedis if kind_of(url) is RedisStore else LookingPostgres, url, name)


async def test_other_names(url: str, name: str) -> None:
    """Rates of other names do not touch each other; one that nobody used for long begins now."""
    async with opened(kind_of(url), url, name) as one, opened(kind_of(url), url, name + "-other") as other:
        for _ in range(3):
            await one.take(60 * SECOND)
        assert await other.take(SECOND) == pytest.approx(0, abs=0.01)
        assert await one.take(SECOND) == pytest.approx(180, abs=5)


async def test_nothing_is_saved_up(url: str, name: str) -> None:
    """A cell that is past is nobody's: the next is now."""
    async with opened(kind_of(url), url, name) as store:
        await store.take(1)
        await store.take(SECOND)
        assert await store.take(SECOND) == pytest.approx(1, abs=0.5)


async def test_the_key_goes_by_itself(redis_server: RedisServer, name: str) -> None:
    """Redis forgets a rate when its last cell is past."""
    async with opened(RedisStore, redis_server.url, name) as store:
        assert isinstance(store, RedisStore)
        await store.take(5 * SECOND)
        assert 4000 < await store._client.pttl(f"wallet-async:rate:{name}") <= 5000


async def test_a_table_emptied_by_a_crash(postgres: PostgresServer, name: str) -> None:
    """What a crash of PostgreSQL empties is begun anew, by itself."""
    url = postgres.url("postgres")
    async with opened(PostgresStore, url, name) as store, postgres.connection("postgres") as other:
        await store.take(60 * SECOND)
        await other.execute("DELETE FROM wallet_async.rates")
        assert await store.take(SECOND) == pytest.approx(0, abs=0.01)


async def test_tables_made_at_once(postgres: PostgresServer, name: str) -> None:
    """Of several that open the first rate of a database one makes the table; a second time nothing is made."""
    url = postgres.url(await postgres.create())
    stores = await asyncio.gather(*(PostgresStore.open(url, name) for _ in range(5)))
    for store in stores:
        await store.aclose()
    async with opened(PostgresStore, url, name) as store:
        assert await store.take(SECOND) == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("scheme", ["redis", "postgresql"])
async def test_nobody_is_there(scheme: str) -> None:
    """A store that cannot be reached is told when the rate is opened, without the password."""
    with (
        closed_port() as port,
        pytest.raises(ConnectError, match=r"the shared rate cannot be asked: .* be reached") as error,
    ):
        await SharedRate.open(f"{scheme}://me:{PASSWORD}@127.0.0.1:{port}/0", name="rehook", per_second=200)
    assert PASSWORD not in repr(error.value) + str(error.value)
    assert error.value.__context__ is None


@pytest.mark.parametrize(
    "url",
    [
        f"redis://me:{PASSWORD}/x@host:port/0",
        f"redis://:{PASSWORD}@127.0.0.1:6379/?socket_timeout=none",
        f"postgresql://me:{PASSWORD}/x@host:port/db",
        f"mysql://me:{PASSWORD}@host/db",
        f"{PASSWORD}",
        7,
    ],
)
async def test_no_url_of_a_store(url: str) -> None:
    """What names no store is refused with one line that repeats nothing of it."""
    with pytest.raises(InvalidInputError, match=r"^(the URL of \w+ cannot be read|url must be a str such as)") as error:
        await SharedRate.open(url, name="rehook", per_second=200)
    assert PASSWORD not in repr(error.value) + str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("name", "per_second"), [("", 200), ("a\nb", 200), ("rehook", 0)])
async def test_arguments_that_do_not_fit(name: str, per_second: float) -> None:
    """They are refused before anything is opened."""
    with pytest.raises(InvalidInputError):
        await SharedRate.open("redis://127.0.0.1:1/0", name=name, per_second=per_second)


async def test_a_wrong_password(postgres: PostgresServer, redis_server: RedisServer) -> None:
    """A store that does not let us in says so; the password is not shown."""
    async with postgres.connection("postgres") as connection:
        if not await connection.fetchval("SELECT count(*) FROM pg_database WHERE datname = $1", GUARDED):
            await connection.execute(f"CREATE DATABASE {GUARDED}")
    wrong = "hunter2hunter2"
    for url in (
        postgres.url(GUARDED, password=wrong),
        redis_server.url.replace("redis://", f"redis://me:{wrong}@"),
    ):
        with pytest.raises(ConnectError, match=r"(28P01|AuthenticationError)") as error:
            await SharedRate.open(url, name="rehook", per_second=200)
        assert wrong not in repr(error.value)


async def test_a_connection_that_breaks(postgres: PostgresServer, name: str) -> None:
    """A connection that PostgreSQL ends is made anew."""
    rate = await SharedRate.open(postgres.url("postgres"), name=name, per_second=1000)
    async with rate, postgres.connection("postgres") as other:
        await rate.wait()
        await other.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE query LIKE '%INTO wallet_async.rates%' "
            "AND pid <> pg_backend_pid()"
        )
        with suppress(ConnectError):  # the client may have heard of it already
            await rate.wait()
        await rate.wait()


async def test_a_store_that_goes_away(rehook_sandbox: object, name: str) -> None:
    """While the store is away no credit leaves, and each says that nothing was sent; then all goes on."""
    pytest.importorskip("redis", reason="no Redis client is installed: pip install redis")
    server = RedisServer()
    try:
        server.start()
        async with (
            await SharedRate.open(server.url, name=name, per_second=1000) as rate,
            RehookSession(
                "key",
                "secret",
                base_url=rehook_sandbox.url,
                limits=Limits(pace=rate),
                retry=RetryPolicy(attempts=1),
            ) as rehook,
        ):
            server.kill()
            with pytest.raises(ConnectError, match=r"the shared rate cannot be asked: .*; nothing was sent") as error:
                await rehook.credit("krishna123", "waty_Xbg", 20)
            assert error.value.not_applied
            assert rehook.statistics().attempts == 0
            assert rehook.statistics().in_flight == 0
            server.start()
            await rate.wait()
    finally:
        server.close()


def test_nothing_is_shown() -> None:
    """A rate does not show where it is kept."""
    assert PASSWORD not in repr(SharedRate(object(), 1))
