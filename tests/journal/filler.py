"""A process to be killed: 20 at a time claim references and book them, and say what was acknowledged."""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
from pathlib import Path

from tests.journal.conformance import sending
from wallet_async.journal.sqlite import SqliteStore

IN_FLIGHT = 20


def say(*words: str) -> None:
    """Write a line in one piece, so that the kill cannot cut it."""
    os.write(1, (" ".join(words) + "\n").encode())


async def fill(path: Path, name: str) -> None:
    """Fill the journal at *path* until killed."""
    store = await SqliteStore.open(path)
    numbers = itertools.count()

    async def one_by_one() -> None:
        for number in numbers:
            entry = sending(f"{name}-{number}")
            await store.claim(entry)
            say("claimed", entry.reference)
            await store.record(entry, "applied", now=9, receipt=entry.reference)
            say("applied", entry.reference)

    await asyncio.gather(*(one_by_one() for _ in range(IN_FLIGHT)))


if __name__ == "__main__":
    asyncio.run(fill(Path(sys.argv[1]), sys.argv[2]))
