"""The layers of a page of history, each with all below it: what every one of them costs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import aiohttp
from yarl import URL

from benchmarks.answers import ROWS, SOURCE_ID
from benchmarks.peers import PATH, WALLET_ID
from benchmarks.peers.ours import LIMITS
from benchmarks.serving import Site
from benchmarks.slices import Client, Requests
from rehook_async import RehookSession, wire
from wallet_async.engine.transport import Evidence

_SECONDS = 30.0
_TARGET = wire.transactions_target(SOURCE_ID, WALLET_ID)
_CALL = wire.transactions_call(_TARGET, 1)

Step = Callable[[Any, Any], Callable[[], Awaitable[Any]]]
"""Makes, of a session and its sender, what asks once; both are looked into, which is what a layer by itself needs."""


def _lean() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
    )


@asynccontextmanager
async def floor(site: Site) -> AsyncIterator[Client]:
    """The least that aiohttp's public interface does: a ready URL, no time-out, the body as it is."""
    url, timeout = URL(site.base_url + PATH, encoded=True), aiohttp.ClientTimeout(total=None)
    async with _lean() as http:

        async def request() -> None:
            response = await http.request("GET", url, timeout=timeout)
            assert (await response.read())[-1] == 0x5D

        yield Requests("the least of `ClientSession`: request, read", request)


def _exchange(_: Any, sender: Any) -> Callable[[], Awaitable[Any]]:
    # The one request before this has made the pool.
    (pool,) = sender._transport._pools.values()
    request, now = pool.request(_CALL, sender._credentials.current()), asyncio.get_running_loop().time

    async def ask() -> Any:
        connection = pool.take(now()) or await pool.connect()
        reply = await connection.exchange(request, now() + _SECONDS)
        pool.give_back(connection)
        return reply

    return ask


def _transport(_: Any, sender: Any) -> Callable[[], Awaitable[Any]]:
    attempt, now = sender._transport.attempt, asyncio.get_running_loop().time
    credentials = sender._credentials.current()
    return lambda: attempt(_CALL, credentials, Evidence(), now() + _SECONDS)


def _sender(_: Any, sender: Any) -> Callable[[], Awaitable[Any]]:
    return lambda: sender.send(_CALL, lambda reply: reply)


def _decoded(_: Any, sender: Any) -> Callable[[], Awaitable[Any]]:
    return lambda: sender.send(_CALL, lambda reply: wire.read_transactions(reply, 1))


def _page(rehook: Any, _: Any) -> Callable[[], Awaitable[Any]]:
    async def ask() -> Any:
        call = wire.transactions_call(wire.transactions_target(SOURCE_ID, WALLET_ID), 1)
        return await rehook._read(call, lambda reply: wire.read_transactions(reply, 1), None)

    return ask


def _peer(name: str, step: Step, *, through: bool = False) -> Callable[[Site], AbstractAsyncContextManager[Client]]:
    @asynccontextmanager
    async def peer(site: Site) -> AsyncIterator[Client]:
        http = _lean() if through else None
        async with RehookSession("key", "secret", base_url=site.base_url, limits=LIMITS, http=http) as rehook:
            assert len(await rehook.transactions(SOURCE_ID, WALLET_ID).collect()) == ROWS
            ask = step(rehook, rehook._sender)

            async def request() -> None:
                await ask()

            yield Requests(name, request)
            if http is not None:
                await http.close()

    return peer


exchange = _peer("one exchange: write, buffer, head, timer", _exchange)
transport = _peer("transport: target checked, evidence, pool", _transport)
sender = _peer("sender: budget, slot, credentials, doubt", _sender)
decoded = _peer("decoded: exact, typed, nothing twice", _decoded)
page = _peer("session: loop, open, ids quoted", _page)
transport_by_client_session = _peer("transport through ClientSession", _transport, through=True)
sender_by_client_session = _peer("sender", _sender, through=True)
decoded_by_client_session = _peer("decoded", _decoded, through=True)
