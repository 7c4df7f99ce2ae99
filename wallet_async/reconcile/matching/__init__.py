"""Own ledger and provider's history joined: what belongs together, what differs, and what has no partner.

The rules are the files of ``sql/``, in the order of `steps`. All of them look inside one wallet only, so the wallets
are taken in parts that fit into memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from wallet_async.provider import Provider
from wallet_async.reconcile.database import THREADS, database, quoted, shards
from wallet_async.reconcile.files import replacing
from wallet_async.reconcile.matching.steps import match_part, run
from wallet_async.reconcile.matching.summing import summarise
from wallet_async.reconcile.model import HISTORY_COLUMNS, Rules, Summary, wallet_text
from wallet_async.reconcile.repair.plan import PlanRow, read_plan

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MEMORY = "250MB"
"""What DuckDB may hold in memory where nobody says. The more it is, the fewer parts, each of which takes a walk through
the ledger: ten million rows are quicker with a gigabyte or two."""

_ROW = 384
"""Bytes of memory to count for a row: its texts, and what sorting and joining them takes."""
_NO_HISTORY = f"(SELECT {', '.join(f'NULL::{kind} AS {name}' for name, kind in HISTORY_COLUMNS.items())} LIMIT 0)"
_SIZE = "SELECT (SELECT count(*) FROM ledger_file) + (SELECT count(*) FROM history_file), parse_formatted_bytes(?)"
_BOUNDS = "SELECT quantile_disc(wallet, {}) FROM (SELECT wallet FROM history_file USING SAMPLE reservoir(10000 ROWS))"


@frozen(kw_only=True)
class Sides:
    """What is compared."""

    ledger: Path
    """The own ledger, `LEDGER_COLUMNS`."""
    history: Path
    """Folder of the provider's side, `HISTORY_COLUMNS`: every ``*.parquet`` in it."""
    applied: Sequence[Path] = ()
    """Plans of earlier runs, after they were applied."""


def match(
    sides: Sides,
    rules: Rules,
    *,
    provider: Provider,
    read_at: datetime,
    into: Path,
    spill: Path,
    memory: str = MEMORY,
    threads: int = THREADS,
) -> Summary:
    """Compare both sides and write what differs.

    The same rows in any order, in one file or many, give the same differences, byte for byte.

    Args:
        sides: Both sides as they were read.
        rules: How they are compared.
        provider: Whose history it is.
        read_at: The moment (aware) the ledger was read: what the provider booked later is no difference.
        into: The differences, `DIFFERENCE_COLUMNS`; there whole or not at all.
        spill: Folder for what does not fit into memory.
        memory: What DuckDB may hold in memory, such as ``"1500MB"``; the rest goes to files.
        threads: Threads of DuckDB.

    Raises:
        InvalidInputError: `Sides.applied` is no plan of this provider.
    """
    plan = [row for path in sides.applied for row in read_plan(path, provider)]
    with database(spill, memory=memory, threads=threads) as connection:
        _prepare(connection, sides, rules, read_at)
        _keep_plan(connection, plan, provider)
        for low, high in pairwise(["", *_bounds(connection, memory), None]):
            _set(connection, low=(low, "VARCHAR"), high=(high, "VARCHAR"))
            match_part(connection)
        with replacing(into) as file:
            run(connection, "write", into=quoted(file))
        return summarise(connection, provider.name)


def _prepare(connection: DuckDBPyConnection, sides: Sides, rules: Rules, read_at: datetime) -> None:
    """Open both sides, make what the steps share, and say how they are to compare."""
    connection.execute(f"CREATE TEMP VIEW ledger_file AS FROM read_parquet({quoted(sides.ledger)})")
    connection.execute(f"CREATE TEMP VIEW history_file AS FROM {shards(sides.history) or _NO_HISTORY}")
    run(connection, "prepare")
    _set(
        connection,
        window_us=(rules.window // timedelta(microseconds=1), "HUGEINT"),
        since=(_naive(rules.since), "TIMESTAMP"),
        until=(_naive(rules.until), "TIMESTAMP"),
        read_at=(_naive(read_at), "TIMESTAMP"),
    )


def _set(connection: DuckDBPyConnection, **variables: tuple[object, str]) -> None:
    """Give variables of the database their values, each with its type."""
    for name, (value, kind) in variables.items():
        connection.execute(f"SET VARIABLE {name} = CAST(? AS {kind})", [value])


def _bounds(connection: DuckDBPyConnection, memory: str) -> list[str]:
    """Give the wallets at which to begin a new part, so that each part fits into memory; a guess is good enough."""
    rows, room = connection.execute(_SIZE, [memory]).fetchall()[0]
    parts = ceil(rows * _ROW / room)
    if parts < 2:
        return []
    (bounds,) = connection.execute(_BOUNDS.format([part / parts for part in range(1, parts)])).fetchall()[0]
    return sorted(set(bounds))


def _keep_plan(connection: DuckDBPyConnection, plan: Sequence[PlanRow], provider: Provider) -> None:
    """Keep what a plan was to book under a reference, by the mark that shows it."""
    booked = [
        (row.difference, row.where, wallet_text(row.wallet), provider.mark(row.reference), row.reference)
        for row in plan
        if row.reference is not None
    ]
    columns = [[row[place] for row in booked] for place in range(5)]
    connection.execute("INSERT INTO plan SELECT unnest(?), unnest(?), unnest(?), unnest(?), unnest(?)", columns)


def _naive(moment: datetime | None) -> datetime | None:
    """Write a moment as our files do."""
    return None if moment is None else moment.astimezone(UTC).replace(tzinfo=None)
