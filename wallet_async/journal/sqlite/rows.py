"""Entries in SQLite: what each operation of a store does inside a transaction, as functions of a connection."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

import attrs

from wallet_async.journal.entry import Entry, State
from wallet_async.journal.errors import JournalError
from wallet_async.journal.states import may_claim

_FIELDS: Final = tuple(field.name for field in attrs.fields(Entry))
_SELECT: Final = f"SELECT {', '.join(_FIELDS)} FROM entries"  # noqa: S608 - our own names
_WRITE: Final = f"REPLACE INTO entries ({', '.join(_FIELDS)}) VALUES ({', '.join('?' * len(_FIELDS))})"  # noqa: S608
_RECORD: Final = """
    UPDATE entries SET state = ?, updated_at = ?, receipt = ?, reason = ?
    WHERE service = ? AND reference = ? AND state = ? AND attempt = ?"""
# The first condition is the index's own, word for word: only then it is used.
_UNSETTLED: Final = f"""{_SELECT}
    WHERE service = ? AND state IN ('sending', 'in_doubt') AND (state = 'in_doubt' OR send_by <= ?)
    ORDER BY sent_at LIMIT ?"""


def load(db: sqlite3.Connection, service: str, reference: str) -> Entry | None:
    """Give the entry of a reference, or None."""
    _check(service, reference)
    row = db.execute(f"{_SELECT} WHERE service = ? AND reference = ?", (service, reference)).fetchone()
    return row and _entry(row)


def claim(db: sqlite3.Connection, entry: Entry) -> Entry:
    """Write *entry* if nobody was before it, and give what stands there now.

    Raises:
        JournalError: It is a later attempt of an entry that is not there.
    """
    found = load(db, entry.service, entry.reference)
    if not may_claim(found, entry):
        if found is None:
            raise JournalError(f"attempt {entry.attempt}: the entry of the attempt before is gone")
        return found
    created_at = found.created_at if found else entry.created_at
    entry = attrs.evolve(entry, created_at=created_at, receipt=None, reason=None)
    values = attrs.astuple(entry, recurse=False)
    _check(*values)
    db.execute(_WRITE, values)
    return entry


def record(
    db: sqlite3.Connection, entry: Entry, state: State, now: int, receipt: str | None, reason: str | None
) -> bool:
    """Make *entry* become *state* if it still is what it was, and say whether it was."""
    new = (state, now, receipt, reason)
    old = (entry.service, entry.reference, entry.state, entry.attempt)
    _check(*new, *old)
    return db.execute(_RECORD, new + old).rowcount == 1


def unsettled(db: sqlite3.Connection, service: str, now: int, limit: int) -> list[Entry]:
    """Give entries in doubt, or being sent for too long; the oldest first."""
    _check(service)
    return [_entry(row) for row in db.execute(_UNSETTLED, (service, now, limit))]


def listed(
    db: sqlite3.Connection, service: str | None, states: Sequence[State], after: tuple[str, str] | None, limit: int
) -> list[Entry]:
    """Give entries in *states* in order of service and reference, from behind *after* on."""
    where = [f"state IN ({', '.join('?' * len(states))})"]
    values: list[str] = list(states)
    if service is not None:
        where.append("service = ?")
        values.append(service)
    if after is not None:
        where.append("(service, reference) > (?, ?)")
        values.extend(after)
    _check(*values)
    query = f"{_SELECT} WHERE {' AND '.join(where)} ORDER BY service, reference LIMIT ?"
    return [_entry(row) for row in db.execute(query, (*values, limit))]


def _entry(row: tuple[object, ...]) -> Entry:
    return Entry(**dict(zip(_FIELDS, row, strict=True)))  # type: ignore[arg-type] # the table's types are Entry's


def _check(*values: object) -> None:
    """Refuse text that not every database can keep.

    Raises:
        JournalError: There is a NUL in it, or half a character.
    """
    for value in values:
        if isinstance(value, str) and ("\0" in value or not _whole(value)):
            raise JournalError(f"the journal cannot keep this text: {value[:80]!a}")


def _whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
