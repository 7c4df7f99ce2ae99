"""What people write, and what they take: each as its own documentation shows it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from tests.compare.client import ATTEMPTS, AUTHORIZATION, PATH, PAUSE, Credit, Place, body, telling


def _aiohttp(place: Place) -> aiohttp.ClientSession:
    timeout = aiohttp.ClientTimeout(total=place.timeout)
    return aiohttp.ClientSession(place.url, headers=AUTHORIZATION, timeout=timeout)


@asynccontextmanager
async def alone(place: Place) -> AsyncIterator[Credit]:
    """aiohttp, and nothing around it."""
    async with _aiohttp(place) as http:

        async def credit(reference: str) -> None:
            async with http.put(PATH, json=body(reference), raise_for_status=True) as response:
                await response.json()

        yield telling(credit)


@asynccontextmanager
async def in_a_loop(place: Place) -> AsyncIterator[Credit]:
    """aiohttp in the loop that everybody writes."""
    async with _aiohttp(place) as http:

        async def credit(reference: str) -> None:
            for attempt in range(ATTEMPTS):
                try:
                    async with http.put(PATH, json=body(reference), raise_for_status=True) as response:
                        await response.json()
                        return
                except (aiohttp.ClientError, TimeoutError):
                    if attempt + 1 == ATTEMPTS:
                        raise
                    await asyncio.sleep(PAUSE * 2**attempt)

        yield telling(credit)
