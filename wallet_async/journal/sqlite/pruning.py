"""Pruning in SQLite: inside a transaction, as functions of a connection."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

from wallet_async.journal.checksum import COLUMNS, Damaged, row, verified
from wallet_async.journal.entry import Entry, State
from wallet_async.journal.pruning import remainder

_KEY: Final = "service = ? AND reference = ? AND state = ? AND attempt = ?"
_STALE: Final = f"""
    SELECT {", ".join(COLUMNS)} FROM entries
    WHERE state IN (%s) AND updated_at < ? AND (state <> 'applied' OR movement <> '') AND (service, reference) > (?, ?)
    ORDER BY service, reference LIMIT ?"""  # noqa: S608 - our own names
_EMPTY: Final = f"UPDATE entries SET {', '.join(f'{name} = ?' for name in COLUMNS)} WHERE {_KEY}"  # noqa: S608
_REMOVE: Final = f"DELETE FROM entries WHERE {_KEY}"  # noqa: S608


def stale(
    db: sqlite3.Connection, states: Sequence[State], before: int, after: tuple[str, str] | None, limit: int
) -> list[Entry | Damaged]:
    """Give entries in *states* that are old and not pruned yet, from behind *after* on."""
    query = _STALE % ", ".join("?" * len(states))
    found = db.execute(query, (*states, before, *(after or ("", "")), limit))
    return [verified(each) for each in found]


def prune(db: sqlite3.Connection, entries: Sequence[Entry]) -> int:
    """Take away of *entries* what is not to be left, and say of how many."""
    pruned = 0
    for entry in entries:
        key = (entry.service, entry.reference, entry.state, entry.attempt)
        left = remainder(entry)
        done = db.execute(_REMOVE, key) if left is None else db.execute(_EMPTY, (*row(left), *key))
        pruned += done.rowcount
    return pruned
