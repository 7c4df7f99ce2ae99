"""This library, through its public names."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import aiohttp

from benchmarks.answers import ROWS, SOURCE_ID
from benchmarks.peers import DESCRIPTION, POINTS, WALLET_ID
from benchmarks.serving import Site
from benchmarks.slices import Client, Requests
from rehook_async import Limits, RehookSession

LIMITS = Limits(max_in_flight=500)
"""The harness sets what is in flight, up to this."""


@asynccontextmanager
async def read(site: Site) -> AsyncIterator[Client]:
    """A page of history, by the transport that the session picks."""
    async with RehookSession("key", "secret", base_url=site.base_url, limits=LIMITS) as rehook:
        yield _reader(rehook, "rehook_async")


@asynccontextmanager
async def read_by_client_session(site: Site) -> AsyncIterator[Client]:
    """A page of history through a `ClientSession` of the caller's, as lean as aiohttp's public settings make one."""
    http = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
    )
    async with http, RehookSession("key", "secret", base_url=site.base_url, limits=LIMITS, http=http) as rehook:
        yield _reader(rehook, "rehook_async, http=")


def _reader(rehook: RehookSession, name: str) -> Client:
    async def request() -> None:
        rows = await rehook.transactions(SOURCE_ID, WALLET_ID).collect()
        assert len(rows) == ROWS

    return Requests(f"{name} ({rehook.statistics().transport})", request)


@asynccontextmanager
async def credit(site: Site) -> AsyncIterator[Client]:
    """A credit."""
    async with RehookSession("key", "secret", base_url=site.base_url, limits=LIMITS) as rehook:

        async def request() -> None:
            receipt = await rehook.credit(SOURCE_ID, WALLET_ID, POINTS, description=DESCRIPTION)
            assert receipt.points == POINTS

        yield Requests(f"rehook_async ({rehook.statistics().transport})", request)


@asynccontextmanager
async def credit_with_reference(site: Site) -> AsyncIterator[Client]:
    """A credit that can be looked up later."""
    async with RehookSession("key", "secret", base_url=site.base_url, limits=LIMITS) as rehook:

        async def request() -> None:
            receipt = await rehook.credit(
                SOURCE_ID, WALLET_ID, Decimal(POINTS), description=DESCRIPTION, reference="order-1847"
            )
            assert receipt.points == POINTS

        yield Requests("rehook_async, Decimal points and a reference", request)
