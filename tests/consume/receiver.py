"""A process that receives an event and kills itself when the database is about to write it down."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from functools import partial
from pathlib import Path

from tests.journal.conformance import prepared
from wallet_async.journal.entry import Entry
from wallet_async.journal.inbox import Received, received
from wallet_async.journal.sqlite import SqliteStore, rows


class TornStore(SqliteStore):
    """Broken: the entry and the event are written in two transactions."""

    async def receive(self, event: Received, entry: Entry) -> Received:
        await self._put(partial(rows.claim, entry=entry))
        return await super().receive(event, entry)


STORES: dict[str, type[SqliteStore]] = {"whole": SqliteStore, "torn": TornStore}


def killing(statement: str) -> None:
    """End the process, as kill -9 does, when the event is about to be written."""
    if statement.lstrip().startswith("INSERT INTO inbox"):
        os.kill(os.getpid(), signal.SIGKILL)


async def main(path: Path, kind: str) -> None:
    """Receive event 1 in the journal at *path*."""
    store = await STORES[kind].open(path)
    await store._worker.put(lambda db: db.set_trace_callback(killing))
    entry = prepared("order-1")
    await store.receive(received("orders", "1", entry), entry)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
