"""Differences in their order, each with what the others tell of it: who shares its reference, what was corrected."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from wallet_async.reconcile.database import quoted, shards
from wallet_async.reconcile.model import AMOUNT
from wallet_async.reconcile.repair.rules import Found, Repair, plain, repair

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_BATCH = 1000
"""Differences held in memory at once."""
_NAMES = ", ".join(field.name for field in attrs.fields(Found))

_FOUND = """
    CREATE VIEW found AS
    SELECT *, class AS label, NULL::BOOLEAN AS corrected, false AS correction,
        count(*) OVER (PARTITION BY class, reference) AS sharing,
        row_number() OVER (
            PARTITION BY class, wallet, ledger_transaction_id, reference, ledger_kind, ledger_amount, ledger_created_at
            ORDER BY ledger_line, id
        ) AS ordinal
    FROM read_parquet({differences}) WHERE severity = 'difference'
"""
_FIXES = f"CREATE TABLE fixes (id VARCHAR, wallet VARCHAR, mark VARCHAR, kind VARCHAR, amount {AMOUNT})"
_TOLD = """
    WITH booked AS (
        SELECT fixes.id, bool_and(shown.kind = fixes.kind AND shown.amount = fixes.amount) AS alike
        FROM fixes JOIN {shown} AS shown USING (wallet, mark) GROUP BY fixes.id
    ), told AS (
        SELECT found.* REPLACE (booked.alike AS corrected, fixes.id IS NOT NULL AS correction)
        FROM found LEFT JOIN booked ON booked.id = found.id
        LEFT JOIN fixes
        ON fixes.wallet = found.wallet AND fixes.mark = found.mark AND found.class = 'missing_in_ledger'
    )
    SELECT {names} FROM told ORDER BY wallet, label, ledger_line, transaction_id, id
"""


def read_differences(
    connection: DuckDBPyConnection, differences: Path, history: Path, mark: Callable[[str], str]
) -> Iterator[Found]:
    """Read the differences of *differences* that are no notes, in their order.

    Args:
        connection: An empty database.
        differences: ``differences.parquet``.
        history: Folder of the shards they were found in, which show corrections that were booked before.
        mark: `Provider.mark`: how the provider shows a reference.
    """
    connection.execute(_FOUND.format(differences=quoted(differences)))
    connection.execute(_FIXES)
    for some in _batches(connection, f"SELECT {_NAMES} FROM found"):
        _keep_fixes(connection, some, mark)
    for some in _batches(connection, _TOLD.format(names=_NAMES, shown=shards(history) or "found")):
        yield from some


def _batches(connection: DuckDBPyConnection, query: str) -> Iterator[list[Found]]:
    with connection.cursor() as reading:  # a cursor of its own: the connection does other work between two batches
        reading.execute(query)
        names = [column[0] for column in reading.description or ()]
        while rows := reading.fetchmany(_BATCH):
            yield [Found(**dict(zip(names, row, strict=True))) for row in rows]


def _keep_fixes(connection: DuckDBPyConnection, some: Sequence[Found], mark: Callable[[str], str]) -> None:
    """Keep what the provider would show of the corrections of *some*, had they been booked before."""
    fixes = [
        (found.id, found.wallet, mark(made.reference), made.kind, plain(made.amount))
        for found in some
        if isinstance(made := repair(found), Repair) and made.where == "provider"
        if made.reference is not None and made.reference != found.reference
    ]
    columns = [[fix[place] for fix in fixes] for place in range(5)]
    insert = f"INSERT INTO fixes SELECT unnest(?), unnest(?), unnest(?), unnest(?), TRY_CAST(unnest(?) AS {AMOUNT})"
    connection.execute(insert, columns)
