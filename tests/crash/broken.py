"""What a child can be broken with, by name: each takes one guarantee away."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from wallet_async.engine.calls import Call, Reply
from wallet_async.engine.transport import Evidence
from wallet_async.engine.transport.direct import DirectTransport
from wallet_async.journal.entry import Entry
from wallet_async.journal.errors import JournalError
from wallet_async.journal.sqlite import SqliteStore, file


def _written_afterwards() -> None:
    """``sending`` is written when the answer is there."""
    write, record = SqliteStore.claim, SqliteStore.record

    async def claim(_: SqliteStore, entry: Entry) -> Entry:
        return entry

    async def late(store: SqliteStore, entry: Entry, *args: Any, **options: Any) -> bool:
        await write(store, entry)
        return await record(store, entry, *args, **options)

    SqliteStore.claim, SqliteStore.record = claim, late  # type: ignore[method-assign]


def _taken_for_written() -> None:
    """What could not be written is taken for written."""
    write = SqliteStore.claim

    async def claim(store: SqliteStore, entry: Entry) -> Entry:
        try:
            return await write(store, entry)
        except JournalError:
            return entry

    SqliteStore.claim = claim  # type: ignore[method-assign]


def _not_synced() -> None:
    """A commit does not wait for the disk."""
    file._SETTINGS = tuple(each.replace("synchronous = FULL", "synchronous = NORMAL") for each in file._SETTINGS)  # type: ignore[misc]


def _no_last_look() -> None:
    """A request leaves whatever the time is."""
    attempt = DirectTransport.attempt

    async def whenever(
        transport: DirectTransport, call: Call, credentials: Mapping[str, str], evidence: Evidence, deadline: float
    ) -> Reply:
        return await attempt(transport, call, credentials, evidence, deadline + 3600)

    DirectTransport.attempt = whenever  # type: ignore[method-assign]


_WAYS: dict[str, Callable[[], None]] = {
    "written afterwards": _written_afterwards,
    "taken for written": _taken_for_written,
    "not synced": _not_synced,
    "no last look": _no_last_look,
}


def apply(name: str) -> None:
    """Break this process for good."""
    _WAYS[name]()
