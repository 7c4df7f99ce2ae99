"""aiohttp with typed rows: the usual way by cattrs, and the best that its public settings and msgspec give."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import aiohttp
import cattrs
from attrs import frozen
from yarl import URL

from benchmarks.answers import ROWS
from benchmarks.peers import PATH
from benchmarks.serving import Site
from benchmarks.slices import Client, Requests

_TOTAL = 30.0
"""Seconds: a bound of one's own in place of aiohttp's, which costs more."""


@frozen
class Row:
    """A row as somebody would write it."""

    transaction_id: str
    type: str
    points: int
    description: str
    created_at: datetime
    updated_at: datetime


@asynccontextmanager
async def read_by_cattrs(site: Site) -> AsyncIterator[Client]:
    """A page of history by ``json()`` and cattrs."""
    url = site.base_url + PATH
    converter = cattrs.Converter()
    converter.register_structure_hook(datetime, lambda value, _: datetime.fromisoformat(value))
    async with aiohttp.ClientSession() as session:

        async def request() -> None:
            async with session.get(url) as response:
                rows = converter.structure(await response.json(), list[Row])
            assert len(rows) == ROWS

        yield Requests("aiohttp + cattrs", request)


@asynccontextmanager
async def read(site: Site) -> AsyncIterator[Client]:
    """A page of history by ``read()`` and msgspec: a ready URL, no context manager, one timer for a total."""
    import msgspec  # noqa: PLC0415 - the default install is measured without it

    url = URL(site.base_url + PATH, encoded=True)
    decode = msgspec.json.Decoder(list[Row]).decode
    loop = asyncio.get_running_loop()
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), timeout=timeout
    ) as session:

        async def request() -> None:
            task = asyncio.current_task()
            assert task is not None
            timer = loop.call_later(_TOTAL, task.cancel)
            try:
                response = await session.request("GET", url, allow_redirects=False)
                rows = decode(await response.read())
            finally:
                timer.cancel()
            assert len(rows) == ROWS

        yield Requests("aiohttp, best public settings + msgspec", request)
