"""The statements, one for each thing a store does; every name is qualified, so that the search path says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from wallet_async.journal.entry import Entry
from wallet_async.journal.states import NEXT, may_follow

TABLE = "wallet_async.entries"

_NAMES = tuple(field.name for field in attrs.fields(Entry))
_COLUMNS = ", ".join(_NAMES)
_TYPES = {"attempt": "integer"} | dict.fromkeys(("sent_at", "send_by", "created_at", "updated_at"), "bigint")
_VALUES = ", ".join(f"CAST(${place} AS {_TYPES.get(name, 'text')})" for place, name in enumerate(_NAMES, 1))
_RENEWED = ", ".join(
    f"{name} = excluded.{name}" for name in _NAMES if name not in {"service", "reference", "fingerprint", "created_at"}
)
_FREE = ", ".join(f"'{state}'" for state in NEXT if may_follow(state, "sending"))

LOAD = f"SELECT {_COLUMNS} FROM {TABLE} WHERE service = $1 AND reference = $2"

CLAIM = f"""
INSERT INTO {TABLE} AS found ({_COLUMNS})
SELECT {_VALUES}
WHERE $6 <= 1 OR EXISTS (SELECT FROM {TABLE} WHERE service = $1 AND reference = $2)
ON CONFLICT (service, reference) DO UPDATE SET {_RENEWED}
WHERE found.fingerprint = excluded.fingerprint AND found.attempt = excluded.attempt - 1 AND found.state IN ({_FREE})
RETURNING {_COLUMNS}
"""
"""Writes an entry and gives it, or gives nothing: then somebody was before it. See `claimed`."""

RECORD = f"""
UPDATE {TABLE} SET state = $5, updated_at = $6, receipt = $7, reason = $8
WHERE service = $1 AND reference = $2 AND state = $3 AND attempt = $4
RETURNING state
"""

UNSETTLED = f"""
SELECT {_COLUMNS} FROM {TABLE}
WHERE service = $1 AND (state = 'in_doubt' OR state = 'sending' AND send_by <= $2)
ORDER BY sent_at LIMIT $3
"""

LISTED = f"""
SELECT {_COLUMNS} FROM {TABLE}
WHERE ($1::text IS NULL OR service = $1) AND state = ANY($2::text[]) AND (service, reference) > ($3, $4)
ORDER BY service, reference LIMIT $5
"""
"""From behind ``('', '')`` on is from the first one on."""


def claimed(entry: Entry) -> tuple[Any, ...]:
    """Give the arguments of `CLAIM`, in order; receipt and reason are of the attempt before."""
    return attrs.astuple(attrs.evolve(entry, receipt=None, reason=None))


def entry_of(row: Mapping[str, Any]) -> Entry:
    """Read a row."""
    return Entry(**row)
