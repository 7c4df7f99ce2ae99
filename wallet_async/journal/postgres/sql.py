"""The statements, one for each thing a store does; every name is qualified, so that the search path says nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wallet_async.journal import checksum
from wallet_async.journal.entry import Entry
from wallet_async.journal.pruning import remainder
from wallet_async.journal.states import NEXT, may_follow

TABLE = "wallet_async.entries"

COLUMNS = ", ".join(checksum.COLUMNS)
_BIG = ("sent_at", "send_by", "created_at", "updated_at", "checksum")
_TYPES = {"attempt": "integer"} | dict.fromkeys(_BIG, "bigint")
_RENEWED = ", ".join(f"{name} = excluded.{name}" for name in checksum.COLUMNS[2:])
_FREE = ", ".join(f"'{state}'" for state in NEXT if may_follow(state, "sending"))


def values(first: int = 1) -> str:
    """Give the placeholders of an entry's row, the first of which is number *first*."""
    return ", ".join(
        f"CAST(${place} AS {_TYPES.get(name, 'text')})" for place, name in enumerate(checksum.COLUMNS, first)
    )


RESTORED = "SELECT EXISTS (SELECT FROM wallet_async.restored)"
DECLARE = "INSERT INTO wallet_async.restored DEFAULT VALUES"
ACCEPT = "DELETE FROM wallet_async.restored"

LOAD = f"SELECT {COLUMNS} FROM {TABLE} WHERE service = $1 AND reference = $2"

LOOK_UP = f"SELECT * FROM ({RESTORED}) AS told LEFT JOIN ({LOAD}) AS found ON true"
"""Gives one row whatever there is. See `looked_up`."""

CLAIM = f"""
INSERT INTO {TABLE} AS found ({COLUMNS})
SELECT {values()}
WHERE $6 <= 1 OR EXISTS (SELECT FROM {TABLE} WHERE service = $1 AND reference = $2)
ON CONFLICT (service, reference) DO UPDATE SET {_RENEWED}
WHERE found.fingerprint = excluded.fingerprint AND found.created_at = excluded.created_at
    AND found.attempt = excluded.attempt - 1 AND found.state IN ({_FREE})
RETURNING {COLUMNS}
"""
"""Writes an entry and gives it, or gives nothing: then somebody was before it. See `claimed`."""

RECORD = f"""
UPDATE {TABLE} SET state = $7, updated_at = $8, receipt = $9, reason = $10, checksum = $11
WHERE service = $1 AND reference = $2 AND state = $3 AND attempt = $4 AND owner = $5 AND sent_at = $6
RETURNING state
"""

UNSETTLED = f"""
SELECT {COLUMNS} FROM {TABLE}
WHERE service = $1 AND (state = 'in_doubt' OR state = 'sending' AND send_by <= $2)
ORDER BY sent_at LIMIT $3
"""

LISTED = f"""
SELECT {COLUMNS} FROM {TABLE}
WHERE ($1::text IS NULL OR service = $1) AND state = ANY($2::text[]) AND (service, reference) > ($3, $4)
ORDER BY service, reference LIMIT $5
"""
"""From behind ``('', '')`` on is from the first one on."""


LATER = f"""
SELECT {COLUMNS} FROM {TABLE}
WHERE service = $1 AND state = 'applied' AND sent_at > $2 AND updated_at <= $3
    AND NOT EXISTS (SELECT FROM unnest($4::text[]) AS part WHERE strpos(movement, part) = 0)
ORDER BY sent_at DESC LIMIT 1
"""


COUNT = f"SELECT service, state, count(*) FROM {TABLE} GROUP BY service, state"

STALE = f"""
SELECT {COLUMNS} FROM {TABLE}
WHERE state = ANY($1::text[]) AND updated_at < $2 AND (state <> 'applied' OR movement <> '')
    AND (service, reference) > ($3, $4)
ORDER BY service, reference LIMIT $5
"""

_SAME = " AND ".join(f"found.{name} = old.{name}" for name in ("service", "reference", "state", "attempt"))

PRUNE = f"""
WITH old AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[], $5::bigint[])
        AS old (service, reference, state, attempt, checksum)
), emptied AS (
    UPDATE {TABLE} AS found SET movement = '', receipt = NULL, reason = NULL, checksum = old.checksum
    FROM old WHERE {_SAME} AND old.checksum IS NOT NULL
    RETURNING 1
), removed AS (
    DELETE FROM {TABLE} AS found USING old WHERE {_SAME} AND old.checksum IS NULL
    RETURNING 1
)
SELECT (SELECT count(*) FROM emptied) + (SELECT count(*) FROM removed)
"""
"""Gives how many. See `pruned`."""


def claimed(entry: Entry) -> tuple[Any, ...]:
    """Give the arguments of `CLAIM`, in order."""
    return checksum.row(entry)


def pruned(entries: Sequence[Entry]) -> tuple[Sequence[Any], ...]:
    """Give the arguments of `PRUNE`, in order; the checksum is that of what is left, None where nothing is."""
    left = [remainder(entry) for entry in entries]
    return (
        [entry.service for entry in entries],
        [entry.reference for entry in entries],
        [entry.state for entry in entries],
        [entry.attempt for entry in entries],
        [None if entry is None else checksum.row(entry)[-1] for entry in left],
    )


def found(row: Mapping[str, Any]) -> Entry | checksum.Damaged:
    """Read a row."""
    return checksum.verified(tuple(row.values()))


def looked_up(row: Mapping[str, Any]) -> tuple[bool, Entry | None]:
    """Read the row of `LOOK_UP`: whether entries may be missing, and the one that was asked for.

    Raises:
        JournalError: It is damaged.
    """
    restored, *values = row.values()
    return restored, None if values[0] is None else checksum.sound(tuple(values))


def entry_of(row: Mapping[str, Any]) -> Entry:
    """Read a row.

    Raises:
        JournalError: It is damaged.
    """
    return checksum.sound(tuple(row.values()))
