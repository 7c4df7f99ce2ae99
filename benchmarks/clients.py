"""The clients that are compared: each does one request, and gives what its user would work with."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from decimal import Decimal

import aiohttp
import cattrs
import httpx
from attrs import frozen

from benchmarks.answers import PATH, ROWS, SOURCE_ID, WALLET_ID
from rehook_async import RehookSession

IN_FLIGHT = 50
DESCRIPTION = "Customer have credited his wallet with 20 points"
POINTS = 20


@frozen
class Client:
    """One way to make the request."""

    name: str
    request: Callable[[], Awaitable[None]]
    share: float = 1.0
    """Requests in a slice, as a share of the baseline's, so that all slices take about as long."""


@frozen
class Row:
    """A row as somebody would write it who uses cattrs."""

    transaction_id: str
    type: str
    points: int
    description: str
    created_at: datetime
    updated_at: datetime


@asynccontextmanager
async def readers(base_url: str) -> AsyncIterator[list[Client]]:
    """S1: everybody's way to read the history; the first is the baseline."""
    url = base_url + PATH
    converter = cattrs.Converter()
    converter.register_structure_hook(datetime, lambda value, _: datetime.fromisoformat(value))
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession())
        rehook = await stack.enter_async_context(RehookSession("key", "secret", base_url=base_url))
        other = await stack.enter_async_context(_httpx())

        async def plain() -> None:
            async with http.get(url) as response:
                rows = await response.json()
            assert len(rows) == ROWS

        async def ours() -> None:
            rows = await rehook.transactions(SOURCE_ID, WALLET_ID).collect()
            assert len(rows) == ROWS

        async def with_cattrs() -> None:
            async with http.get(url) as response:
                rows = converter.structure(await response.json(), list[Row])
            assert len(rows) == ROWS

        async def with_httpx() -> None:
            rows = json.loads((await other.get(url)).content)
            assert len(rows) == ROWS

        async def with_httpx_typed() -> None:
            rows = converter.structure(json.loads((await other.get(url)).content), list[Row])
            assert len(rows) == ROWS

        yield [
            Client("aiohttp, untyped (baseline)", plain),
            Client("rehook_async", ours),
            Client("aiohttp + cattrs", with_cattrs, 0.7),
            Client("httpx, untyped", with_httpx, 0.1),
            Client("httpx + cattrs", with_httpx_typed, 0.1),
        ]


@asynccontextmanager
async def writers(base_url: str) -> AsyncIterator[list[Client]]:
    """S10: everybody's way to send a credit; the first is the baseline."""
    url = base_url + PATH
    body = {"description": DESCRIPTION, "points": POINTS, "type": "credit"}
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession())
        rehook = await stack.enter_async_context(RehookSession("key", "secret", base_url=base_url))
        other = await stack.enter_async_context(_httpx())

        async def plain() -> None:
            async with http.put(url, json=body) as response:
                receipt = await response.json()
            assert receipt["points"] == POINTS

        async def ours() -> None:
            receipt = await rehook.credit(SOURCE_ID, WALLET_ID, POINTS, description=DESCRIPTION)
            assert receipt.points == POINTS

        async def with_reference() -> None:
            receipt = await rehook.credit(
                SOURCE_ID, WALLET_ID, Decimal(POINTS), description=DESCRIPTION, reference="order-1847"
            )
            assert receipt.points == POINTS

        async def with_httpx() -> None:
            receipt = json.loads((await other.put(url, json=body)).content)
            assert receipt["points"] == POINTS

        yield [
            Client("aiohttp, untyped (baseline)", plain),
            Client("rehook_async", ours),
            Client("rehook_async, with a reference", with_reference),
            Client("httpx, untyped", with_httpx, 0.1),
        ]


def _httpx() -> httpx.AsyncClient:
    # As many connections as requests in flight: its default would be 100 anyway, of which 20 kept.
    limits = httpx.Limits(max_connections=IN_FLIGHT, max_keepalive_connections=IN_FLIGHT)
    return httpx.AsyncClient(limits=limits, trust_env=False)
