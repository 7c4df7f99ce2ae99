"""Changes behind a store's back, in the very database that it stands on."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from wallet_async.journal.checksum import row
from wallet_async.journal.entry import Entry
from wallet_async.journal.sqlite import SqliteStore, rows


def rewritten(path: Path, service: str, reference: str, change: Callable[[Entry], Entry]) -> None:
    """Make another entry of one in a file that nobody has open, as a store would have written it."""
    with closing(sqlite3.connect(path)) as db:
        entry = rows.load(db, service, reference)
        assert entry is not None
        db.execute(rows._WRITE, row(change(entry)))
        db.commit()


async def changed(store: Any, change: str) -> None:
    """Change entries: *change* is what follows ``SET``."""
    await _run(store, f"UPDATE {_table(store)} SET {change}")


async def removed(store: Any, reference: str) -> None:
    """Delete the entries of a reference."""
    await _run(store, f"DELETE FROM {_table(store)} WHERE reference = '{reference}'")


def _table(store: Any) -> str:
    return "entries" if isinstance(store, SqliteStore) else "wallet_async.entries"


async def _run(store: Any, statement: str) -> None:
    if isinstance(store, SqliteStore):
        await store._put(lambda db: db.execute(statement).rowcount)
    else:
        await store._ask(statement)
