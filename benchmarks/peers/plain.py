"""The baseline, 1.00: what everybody writes with aiohttp. Untyped dicts come out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from benchmarks.answers import ROWS
from benchmarks.peers import MOVEMENT, PATH, POINTS
from benchmarks.serving import Site
from benchmarks.slices import Client, Requests


def _session() -> aiohttp.ClientSession:
    # aiohttp's default pool of 100 would be the bound where more are in flight.
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=500))


@asynccontextmanager
async def read(site: Site) -> AsyncIterator[Client]:
    """A page of history."""
    url = site.base_url + PATH
    async with _session() as session:

        async def request() -> None:
            async with session.get(url) as response:
                rows = await response.json()
            assert len(rows) == ROWS

        yield Requests("aiohttp, untyped (baseline)", request)


@asynccontextmanager
async def credit(site: Site) -> AsyncIterator[Client]:
    """The same PUT as a credit."""
    url = site.base_url + PATH
    async with _session() as session:

        async def request() -> None:
            async with session.put(url, json=MOVEMENT) as response:
                receipt = await response.json()
            assert receipt["points"] == POINTS

        yield Requests("aiohttp, untyped (baseline)", request)
