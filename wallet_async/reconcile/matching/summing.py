"""The summary, from what the parts of a comparison left in the database."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

from wallet_async.reconcile.matching.steps import MATCHED_BY
from wallet_async.reconcile.model import CLASSES, Side, Summary

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_COUNTS = "SELECT name, CAST(sum(number) AS BIGINT) FROM counts GROUP BY name"
_DIFFERENCES = "SELECT class, CAST(count(*) AS BIGINT) FROM written WHERE severity = ? GROUP BY class ORDER BY class"
_SIDE = """
    SELECT
        count(*),
        coalesce(sum(amount) FILTER (kind = 'credit'), 0),
        coalesce(sum(amount) FILTER (kind = 'debit'), 0)
    FROM
"""


def summarise(connection: DuckDBPyConnection, service: str) -> Summary:
    """Sum up; the view ``written`` is the file of differences."""
    counts = Counter(dict(connection.execute(_COUNTS).fetchall()))
    differences = Counter(dict(connection.execute(_DIFFERENCES, ["difference"]).fetchall()))
    return Summary(
        service=service,
        wallets=counts["wallets"],
        unknown_wallets=counts["unknown wallets"],
        unread_wallets=counts["unread wallets"],
        ledger=_side(connection, "ledger_file"),
        provider=_side(connection, "history_file WHERE transaction_id IS NOT NULL"),
        matched={matched_by: counts[matched_by] for matched_by in MATCHED_BY},
        paired_in_order=counts["paired in order"],
        differences={name: differences[name] for name in CLASSES},
        notes=dict(connection.execute(_DIFFERENCES, ["note"]).fetchall()),
        balances=counts["balances"],
        arrived_since=counts["arrived since"],
        outside=counts["outside"],
        requests=counts["requests"],
    )


def _side(connection: DuckDBPyConnection, rows: str) -> Side:
    count, credits, debits = connection.execute(_SIDE + rows).fetchall()[0]
    return Side(rows=count, credits=Decimal(credits), debits=Decimal(debits))
