"""Differences linked with the journal: what it says of the references in them, and what it has in doubt."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import anyio.to_thread

from wallet_async.journal import Journal
from wallet_async.journal.entry import Entry, State
from wallet_async.provider import load_provider
from wallet_async.reconcile.database import database, quoted
from wallet_async.reconcile.files import replacing

_AT_ONCE = 200
"""References asked of the journal at once."""
_Standing = tuple[State, str | None]
"""Of a reference in the journal: its state, and why."""
_OPEN: tuple[State, ...] = ("sending", "in_doubt")
_SAID = "; the journal has it "
"""Between what a reconciliation says of a difference and what its journal does: to link again says it once."""

_LINKED = """
    COPY (
        SELECT found.* EXCLUDE (file_row_number) REPLACE (
            coalesce(named.state, marked.state) AS journal_state,
            coalesce(named.reason, marked.reason) AS journal_reason,
            split_part(detail, {said}, 1) || CASE
                WHEN marked.state IN {open} THEN {said} || 'in doubt as ' || marked.reference || {settle}
                WHEN named.state IN {open} AND transaction_id IS NOT NULL THEN {said} || 'in doubt' || {settle}
                WHEN named.state IN {open} THEN {said} || 'in doubt: it may still come' || {settle}
                WHEN named.state = 'applied' AND class = 'missing_at_provider' THEN {said} || 'as booked' || {audit}
                ELSE ''
            END AS detail
        )
        FROM read_parquet({path}, file_row_number = true) AS found
        LEFT JOIN known AS named ON named.reference = found.reference
        LEFT JOIN known AS marked ON found.reference IS NULL AND marked.mark = found.mark
        ORDER BY file_row_number
    ) TO {part} (FORMAT parquet, COMPRESSION zstd)
"""


async def link(differences: Path, journal: Journal, service: str, spill: Path) -> None:
    """Write into ``differences.parquet`` what the journal knows of each difference.

    By its reference; a row that only the provider has, by its mark, if the journal has it in doubt: then its sender
    may not know yet that it was booked.

    Args:
        differences: The file; it is replaced by one with the same rows in the same order.
        journal: Of the application that books.
        service: The provider's name.
        spill: Folder for what does not fit into memory.

    Raises:
        JournalError: The journal cannot be read; the file is as it was.
    """
    references = await anyio.to_thread.run_sync(_references, differences, spill)
    known: dict[str, _Standing] = {}
    async for entry in entries(journal, service, references):
        known[entry.reference] = (entry.state, entry.reason)
    async for entry in journal.entries(service, _OPEN):
        known[entry.reference] = (entry.state, entry.reason)
    await anyio.to_thread.run_sync(_write, differences, service, known, spill)


async def entries(journal: Journal, service: str, references: Sequence[str]) -> AsyncIterator[Entry]:
    """Read the entries of *references*, of those that there are.

    Raises:
        JournalError: The journal cannot be read.
    """
    for start in range(0, len(references), _AT_ONCE):
        some = references[start : start + _AT_ONCE]
        for entry in await asyncio.gather(*(journal.entry(service, reference) for reference in some)):
            if entry is not None:
                yield entry


def _references(differences: Path, spill: Path) -> list[str]:
    with database(spill) as connection:
        found = f"SELECT DISTINCT reference FROM read_parquet({quoted(differences)}) WHERE reference IS NOT NULL"
        return [reference for (reference,) in connection.execute(found).fetchall()]


def _write(differences: Path, service: str, known: Mapping[str, _Standing], spill: Path) -> None:
    mark = load_provider(service).mark
    rows = [(reference, mark(reference), state, reason) for reference, (state, reason) in known.items()]
    with replacing(differences) as part, database(spill) as connection:
        connection.execute("CREATE TABLE known (reference VARCHAR, mark VARCHAR, state VARCHAR, reason VARCHAR)")
        columns = [[row[place] for row in rows] for place in range(4)]
        connection.execute("INSERT INTO known SELECT unnest(?), unnest(?), unnest(?), unnest(?)", columns)
        connection.execute(
            _LINKED.format(
                said=quoted(_SAID),
                open=_OPEN,
                settle=quoted(f"; `wallet-async journal resolve {service}` settles it"),
                audit=quoted(f"; `wallet-async journal audit {service}` looks for it"),
                path=quoted(differences),
                part=quoted(part),
            )
        )
