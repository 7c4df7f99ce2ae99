"""A process to be killed: books references through a journal, 20 at a time, and goes on until all are receipts."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from multiprocessing.connection import Connection
from typing import Any

import cattrs.gen  # noqa: F401 - loaded late otherwise, by every process, as are the next three
from attrs import frozen

import wallet_async.engine.fast
import wallet_async.engine.transport.opening
import wallet_async.journal.sqlite  # noqa: F401
from tests.faults.providers import CLIENTS, Client
from wallet_async.engine.errors import WalletError
from wallet_async.journal import Journal, Settling

IN_FLIGHT = 20
SETTLING = Settling(commit_within=1.0, shown_within=0.1, every=0.2)
"""The sandbox books at once or never; a second is for a busy machine."""
TIMEOUT = 1.0  # seconds for a call


@frozen(kw_only=True)
class Work:
    """What to book, and where."""

    client: str
    url: str
    journal: str | None
    """None: without one, for the twin."""
    references: list[str]
    timeout: float = TIMEOUT
    ahead: float = 0.0
    """Seconds by which its clock is ahead: the time since an earlier start that nobody wants to sit out."""


async def opened(work: Work) -> Journal:
    """Open the journal of *work*."""
    assert work.journal is not None
    journal = await Journal.open(work.journal, settling=SETTLING)
    journal._clock = lambda: time.time_ns() // 1000 + int(work.ahead * 1e6)
    return journal


def main(talk: Connection, work: Work) -> None:
    """Book all of it, and say each receipt's reference beside the one that was asked for."""
    asyncio.run(_book(talk, work), debug=False)


async def _book(talk: Connection, work: Work) -> None:
    client, references = CLIENTS[work.client], iter(work.references)
    async with AsyncExitStack() as stack:
        journal = await stack.enter_async_context(await opened(work)) if work.journal else None
        session = await stack.enter_async_context(client.session(work.url, journal=journal))

        async def one_by_one() -> None:
            for reference in references:
                talk.send((reference, await _booked(client, session, reference, work.timeout, journal)))

        await asyncio.gather(*(one_by_one() for _ in range(IN_FLIGHT)))


async def _booked(client: Client, session: Any, reference: str, timeout: float, journal: Journal | None) -> str:
    """Ask for one until there is a receipt."""
    while True:
        try:
            receipt = await client.write(session, reference=reference, timeout=timeout)
        except WalletError:
            await asyncio.sleep(0.01)
        else:
            return str(receipt.reference)
        # Whoever asks looks into the history each time; what is in doubt is left to the resolver, which does it seldom.
        while journal is not None and await _is_open(journal, client.name, reference):  # noqa: ASYNC110 - it is a row
            await asyncio.sleep(0.01)


async def _is_open(journal: Journal, service: str, reference: str) -> bool:
    entry = await journal.entry(service, reference)
    return entry is not None and entry.state in {"sending", "in_doubt"}
