"""httpx: with the retries of its own transport, with those of httpx-retries, and with tenacity around it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from httpx_retries import Retry, RetryTransport
from tenacity import retry, stop_after_attempt, wait_exponential

from tests.compare.client import ATTEMPTS, KEY, PATH, PAUSE, SECRET, Credit, Place, body, telling


def _httpx(place: Place, transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=place.url, auth=(KEY, SECRET), timeout=place.timeout, transport=transport)


async def _credit(http: httpx.AsyncClient, reference: str) -> None:
    response = await http.put(PATH, json=body(reference))
    response.raise_for_status().json()


@asynccontextmanager
async def connecting_again(place: Place) -> AsyncIterator[Credit]:
    """``AsyncHTTPTransport(retries=…)``: it connects again, and sends nothing again."""
    async with _httpx(place, httpx.AsyncHTTPTransport(retries=ATTEMPTS - 1)) as http:
        yield telling(lambda reference: _credit(http, reference))


@asynccontextmanager
async def sending_again(place: Place) -> AsyncIterator[Credit]:
    """The transport of httpx-retries, for which a PUT may be repeated."""
    again = Retry(total=ATTEMPTS - 1, backoff_factor=PAUSE)
    async with _httpx(place, RetryTransport(retry=again)) as http:
        yield telling(lambda reference: _credit(http, reference))


@asynccontextmanager
async def with_tenacity(place: Place) -> AsyncIterator[Credit]:
    """tenacity's decorator around the call."""
    async with _httpx(place) as http:

        @retry(stop=stop_after_attempt(ATTEMPTS), wait=wait_exponential(PAUSE))
        async def credit(reference: str) -> None:
            await _credit(http, reference)

        yield telling(credit)
