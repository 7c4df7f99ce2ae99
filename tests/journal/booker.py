"""A process to be killed: books references through a journal, 20 at a time, and goes on until all are receipts."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import AsyncExitStack

from tests.faults.providers import CLIENTS
from wallet_async.engine.errors import WalletError
from wallet_async.journal import Journal, Settling

IN_FLIGHT = 20
SETTLING = Settling(commit_within=0.5, shown_within=0.1, every=0.05)
"""The sandbox books at once or never; half a second is for a busy machine."""


async def main(provider: str, url: str, journal_url: str, count: int) -> None:
    """Book *count* references of *provider* at *url*; *journal_url* ``none``: without a journal, for the twin."""
    client = CLIENTS[provider]
    numbers = iter(range(count))
    async with AsyncExitStack() as stack:
        journal = None
        if journal_url != "none":
            journal = await stack.enter_async_context(await Journal.open(journal_url, settling=SETTLING))
        session = await stack.enter_async_context(client.session(url, journal=journal))

        async def one_by_one() -> None:
            for number in numbers:
                await booked(client, session, f"order-{number}")

        await asyncio.gather(*(one_by_one() for _ in range(IN_FLIGHT)))


async def booked(client: object, session: object, reference: str) -> None:
    """Ask for one until there is a receipt, and say so in one piece, so that the kill cannot cut it."""
    while True:
        try:
            receipt = await client.write(session, reference=reference, timeout=1.0)  # type: ignore[attr-defined]
        except WalletError:
            await asyncio.sleep(0.01)
        else:
            os.write(1, (json.dumps([reference, receipt.reference]) + "\n").encode())
            return


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
