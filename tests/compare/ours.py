"""This library: without a journal, where an unknown outcome is looked up; and with one, where it is asked for again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from rehook_async import OutcomeUnknownError, RehookSession, WalletError
from tests.compare.client import ATTEMPTS, CUSTOMER, KEY, POINTS, SECRET, WALLET, Credit, Place, Told
from wallet_async.journal import Journal, Settling

SETTLING = Settling(commit_within=1.0, shown_within=0.1, every=0.1)
"""The stand-in books within 0.1 s of being given up, or never."""
LOOKS = 4
"""Looks at the history for an unknown outcome, without a journal; a person has to settle what they do not show."""
_LOOK_AGAIN = 0.1  # seconds


async def _credit(rehook: RehookSession, reference: str, timeout: float) -> None:
    await rehook.credit(CUSTOMER, WALLET, POINTS, description=reference, reference=reference, timeout=timeout)


async def _settled(rehook: RehookSession, error: OutcomeUnknownError) -> Any:
    for _ in range(LOOKS):
        await asyncio.sleep(_LOOK_AGAIN)
        if row := await rehook.settle(error):
            return row
    return None


@asynccontextmanager
async def bare(place: Place) -> AsyncIterator[Credit]:
    """Without a journal: sent again only if it certainly did not run, looked up if nobody knows."""
    async with RehookSession(KEY, SECRET, base_url=place.url) as rehook:

        async def credit(reference: str) -> Told:
            for _ in range(ATTEMPTS):
                try:
                    await _credit(rehook, reference, place.timeout)
                except OutcomeUnknownError as error:
                    return "paid" if await _settled(rehook, error) else "unknown"
                except WalletError:
                    continue  # it is not booked: the error says so
                return "paid"
            return "failed"

        yield credit


@asynccontextmanager
async def journaled(place: Place) -> AsyncIterator[Credit]:
    """With a journal in a file: whatever was no receipt is asked for again, under its reference."""
    url = f"sqlite:///{place.folder}/journal.db"
    async with (
        await Journal.open(url, settling=SETTLING) as journal,
        RehookSession(KEY, SECRET, base_url=place.url, journal=journal) as rehook,
    ):

        async def credit(reference: str) -> Told:
            try:
                await _credit(rehook, reference, place.timeout)
            except WalletError:
                return "later"
            return "paid"

        yield credit
