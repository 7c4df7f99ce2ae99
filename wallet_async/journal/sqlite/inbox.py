"""Events in SQLite: received inside a transaction, as a function of a connection."""

from __future__ import annotations

import sqlite3
from typing import Final

import attrs

from wallet_async.journal.entry import Entry
from wallet_async.journal.inbox import Received
from wallet_async.journal.sqlite import rows

_FIELDS: Final = tuple(field.name for field in attrs.fields(Received))
_COLUMNS: Final = ", ".join(_FIELDS)
_LOAD: Final = f"SELECT {_COLUMNS} FROM inbox WHERE service = ? AND source = ? AND event_id = ?"  # noqa: S608 - our own
_WRITE: Final = f"INSERT INTO inbox ({_COLUMNS}) VALUES ({', '.join('?' * len(_FIELDS))})"  # noqa: S608


def receive(db: sqlite3.Connection, event: Received, entry: Entry) -> Received:
    """Write *event*, and *entry* where its reference has none, unless the event has come before; give what stands."""
    values = attrs.astuple(event)
    rows.check(*values)
    row = db.execute(_LOAD, (event.service, event.source, event.event_id)).fetchone()
    if row is not None:
        return Received(**dict(zip(_FIELDS, row, strict=True)))
    rows.claim(db, entry)
    db.execute(_WRITE, values)
    return event
