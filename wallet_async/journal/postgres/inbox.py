"""The statements for events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from wallet_async.journal.entry import Entry
from wallet_async.journal.inbox import Received
from wallet_async.journal.postgres import sql

_TABLE = "wallet_async.inbox"
_NAMES = tuple(field.name for field in attrs.fields(Received))
_COLUMNS = ", ".join(_NAMES)
_EVENT = ", ".join(f"${place}" for place in range(1, len(_NAMES) + 1))

LOAD = f"SELECT {_COLUMNS} FROM {_TABLE} WHERE service = $1 AND source = $2 AND event_id = $3"

RECEIVE = f"""
WITH received AS (
    INSERT INTO {_TABLE} ({_COLUMNS}) VALUES ({_EVENT})
    ON CONFLICT (service, source, event_id) DO NOTHING
    RETURNING {_COLUMNS}
), prepared AS (
    INSERT INTO {sql.TABLE} ({sql.COLUMNS})
    SELECT {sql.values(first=len(_NAMES) + 1)} FROM received
    ON CONFLICT (service, reference) DO NOTHING
)
SELECT {_COLUMNS} FROM received
"""
"""Writes an event and its entry, and gives the event; or gives nothing: it has come before. See `arguments`."""


def arguments(event: Received, entry: Entry) -> tuple[Any, ...]:
    """Give the arguments of `RECEIVE`, in order."""
    return attrs.astuple(event) + sql.claimed(entry)


def event_of(row: Mapping[str, Any]) -> Received:
    """Read a row."""
    return Received(**row)
