"""Entries in SQLite: what each operation of a store does inside a transaction, as functions of a connection."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

from wallet_async.journal.checksum import COLUMNS, Damaged, checksum_after, row, sound, verified
from wallet_async.journal.entry import Entry, State
from wallet_async.journal.errors import JournalError
from wallet_async.journal.states import may_claim

_SELECT: Final = f"SELECT {', '.join(COLUMNS)} FROM entries"  # noqa: S608 - our own names
# Not REPLACE: that deletes the row first, and with it the events that it stands for.
_WRITE: Final = f"""
    INSERT INTO entries ({", ".join(COLUMNS)}) VALUES ({", ".join("?" * len(COLUMNS))})
    ON CONFLICT (service, reference) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in COLUMNS[2:])}
"""  # noqa: S608 - our own names
_RECORD: Final = """
    UPDATE entries SET state = ?, updated_at = ?, receipt = ?, reason = ?, checksum = ?
    WHERE service = ? AND reference = ? AND state = ? AND attempt = ? AND owner = ? AND sent_at = ?"""
# The first condition is the index's own, word for word: only then it is used.
_UNSETTLED: Final = f"""{_SELECT}
    WHERE service = ? AND state IN ('sending', 'in_doubt') AND (state = 'in_doubt' OR send_by <= ?)
    ORDER BY sent_at LIMIT ?"""


def load(db: sqlite3.Connection, service: str, reference: str) -> Entry | None:
    """Give the entry of a reference, or None."""
    check(service, reference)
    found = db.execute(f"{_SELECT} WHERE service = ? AND reference = ?", (service, reference)).fetchone()
    return found and sound(found)


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
    db.execute(_WRITE, row(entry))
    return entry


def record(
    db: sqlite3.Connection, entry: Entry, state: State, now: int, receipt: str | None, reason: str | None
) -> bool:
    """Make *entry* become *state* if it still is what it was, and say whether it was."""
    new = (state, now, receipt, reason, checksum_after(entry, state, now, receipt, reason))
    old = (entry.service, entry.reference, entry.state, entry.attempt, entry.owner, entry.sent_at)
    return db.execute(_RECORD, new + old).rowcount == 1


def unsettled(db: sqlite3.Connection, service: str, now: int, limit: int) -> list[Entry | Damaged]:
    """Give entries in doubt, or being sent for too long; the oldest first."""
    check(service)
    return [verified(found) for found in db.execute(_UNSETTLED, (service, now, limit))]


def listed(
    db: sqlite3.Connection, service: str | None, states: Sequence[State], after: tuple[str, str] | None, limit: int
) -> list[Entry | Damaged]:
    """Give entries in *states* in order of service and reference, from behind *after* on."""
    where = [f"state IN ({', '.join('?' * len(states))})"]
    values: list[str] = list(states)
    if service is not None:
        where.append("service = ?")
        values.append(service)
    if after is not None:
        where.append("(service, reference) > (?, ?)")
        values.extend(after)
    check(*values)
    query = f"{_SELECT} WHERE {' AND '.join(where)} ORDER BY service, reference LIMIT ?"
    return [verified(found) for found in db.execute(query, (*values, limit))]


def later(db: sqlite3.Connection, entry: Entry, holding: Sequence[str], until: int) -> Entry | None:
    """Give the newest one applied by *until* that was sent after *entry* and whose movement holds these texts."""
    check(*holding)
    holds = " AND instr(movement, ?)" * len(holding)
    query = f"""{_SELECT} WHERE service = ? AND state = 'applied' AND sent_at > ? AND updated_at <= ?{holds}
        ORDER BY sent_at DESC LIMIT 1"""
    found = db.execute(query, (entry.service, entry.sent_at, until, *holding)).fetchone()
    newest = found and verified(found)
    return None if isinstance(newest, Damaged) else newest


def count(db: sqlite3.Connection) -> dict[tuple[str, State], int]:
    """Count the entries of each service in each state."""
    found = db.execute("SELECT service, state, count(*) FROM entries GROUP BY service, state")
    return {(service, state): number for service, state, number in found}


def damaged(db: sqlite3.Connection) -> Damaged | None:
    """Give the first entry that is not what was written, if there is one."""
    every = (verified(found) for found in db.execute(_SELECT))
    return next((entry for entry in every if isinstance(entry, Damaged)), None)


def check(*values: object) -> None:
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
