"""httpx: untyped, with pydantic, and under the client that openapi-python-client writes from the sandbox's page."""

import json
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from importlib import import_module
from importlib.metadata import version

import httpx
from pydantic import BaseModel, TypeAdapter

from benchmarks.answers import ROWS, SOURCE_ID
from benchmarks.peers import MOVEMENT, PATH, POINTS, WALLET_ID
from benchmarks.serving import Site
from benchmarks.slices import Client, Requests

_IN_FLIGHT = 50
# Its default of 100 connections keeps only 20 open.
_LIMITS = httpx.Limits(max_connections=_IN_FLIGHT, max_keepalive_connections=_IN_FLIGHT)


class Row(BaseModel):
    """A row as somebody would write it who uses pydantic."""

    transaction_id: str
    type: str
    points: int
    description: str
    created_at: datetime
    updated_at: datetime


def _httpx() -> httpx.AsyncClient:
    # Its own default trusts certifi's authorities alone.
    return httpx.AsyncClient(limits=_LIMITS, trust_env=False, verify=ssl.create_default_context())


@asynccontextmanager
async def read(site: Site) -> AsyncIterator[Client]:
    """A page of history, untyped."""
    url = site.base_url + PATH
    async with _httpx() as http:

        async def request() -> None:
            rows = json.loads((await http.get(url)).content)
            assert len(rows) == ROWS

        yield Requests("httpx, untyped", request)


@asynccontextmanager
async def read_by_pydantic(site: Site) -> AsyncIterator[Client]:
    """A page of history by pydantic, from bytes to models in one step."""
    url = site.base_url + PATH
    rows_of = TypeAdapter(list[Row]).validate_json
    async with _httpx() as http:

        async def request() -> None:
            rows = rows_of((await http.get(url)).content)
            assert len(rows) == ROWS

        yield Requests("httpx + pydantic", request)


@asynccontextmanager
async def credit(site: Site) -> AsyncIterator[Client]:
    """The same PUT as a credit, untyped."""
    url = site.base_url + PATH
    async with _httpx() as http:

        async def request() -> None:
            receipt = json.loads((await http.put(url, json=MOVEMENT)).content)
            assert receipt["points"] == POINTS

        yield Requests("httpx, untyped", request)


@asynccontextmanager
async def read_by_generated(site: Site) -> AsyncIterator[Client]:
    """A page of history by generated code (see `benchmarks.tools`)."""
    if str(site.tools) not in sys.path:
        sys.path.append(str(site.tools))
    generated = import_module("rehook_generated")
    transactions = import_module("rehook_generated.api.default.transactions").asyncio
    options = {"limits": _LIMITS, "trust_env": False}
    async with generated.AuthenticatedClient(site.base_url, token="secret", httpx_args=options) as client:  # noqa: S106

        async def request() -> None:
            rows = await transactions(SOURCE_ID, WALLET_ID, client=client)
            assert len(rows) == ROWS

        yield Requests(f"openapi-python-client {version('openapi-python-client')}", request)
