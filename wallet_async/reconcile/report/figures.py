"""What there is to say of the differences, class by class, read from their file: bounded, however many there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from wallet_async.reconcile.database import database, quoted
from wallet_async.reconcile.model import CLASSES, Class

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Row = Mapping[str, Any]
"""One difference, by column."""

Money = Mapping[str, Decimal]
"""Sums by currency; its name is empty where none is given."""

_STAKE = """CASE class
    WHEN 'missing_at_provider' THEN ledger_amount
    WHEN 'missing_in_ledger' THEN amount
    WHEN 'amount_differs' THEN abs(ledger_amount - amount)
    WHEN 'kind_differs' THEN ledger_amount + amount
    WHEN 'time_differs' THEN 0
    WHEN 'duplicated_at_provider' THEN amount
    WHEN 'duplicated_in_ledger' THEN ledger_amount
    WHEN 'balance_differs' THEN NULL
    ELSE coalesce(ledger_amount, amount)
END"""
"""The amount at stake: how far the difference can put the two sides apart. NULL where no amount is known."""


@frozen(kw_only=True)
class ClassFigures:
    """One class that occurs."""

    name: Class
    rows: int
    wallets: int
    stakes: Money
    """Amounts at stake."""
    examples: Sequence[Row]
    """Some of its rows, those with the most at stake first."""


@frozen(kw_only=True)
class Overview:
    """The differences class by class, in the order of `CLASSES`."""

    wallets: int
    """Wallets that differ."""
    classes: Sequence[ClassFigures]
    notes: Sequence[ClassFigures]
    fractions: bool
    """Whether any amount has digits after the point."""


@contextmanager
def opened(differences: Path, spill: Path) -> Iterator[DuckDBPyConnection]:
    """Open a database that shows the file *differences* as the views ``difference`` and ``note``.

    Args:
        differences: The Parquet file of the comparison.
        spill: Folder for what does not fit into memory.
    """
    with database(spill) as connection:
        connection.execute(
            f"CREATE VIEW told AS SELECT *, {_STAKE} AS stake, coalesce(ledger_created_at, created_at) AS day "
            f"FROM read_parquet({quoted(differences)})"
        )
        for severity in ("difference", "note"):
            connection.execute(f"CREATE VIEW {severity} AS SELECT * FROM told WHERE severity = '{severity}'")
        yield connection


def read_overview(differences: Path, *, spill: Path, shown: int) -> Overview:
    """Read the classes of the file *differences*, with *shown* examples of each."""
    with opened(differences, spill) as connection:
        return overview(connection, shown=shown)


def overview(connection: DuckDBPyConnection, *, shown: int) -> Overview:
    """Read the classes from what `opened` opened, with *shown* examples of each."""
    return Overview(
        wallets=single(connection, "SELECT count(DISTINCT wallet) FROM difference"),
        classes=_classes(connection, "difference", shown),
        notes=_classes(connection, "note", shown),
        fractions=bool(single(connection, "SELECT bool_or(ledger_amount % 1 <> 0 OR amount % 1 <> 0) FROM told")),
    )


def _classes(connection: DuckDBPyConnection, view: str, shown: int) -> list[ClassFigures]:
    counted = connection.execute(f"SELECT class, count(*), count(DISTINCT wallet) FROM {view} GROUP BY class")
    counts = {name: (rows, wallets) for name, rows, wallets in counted.fetchall()}
    stakes = sums(connection, f"SELECT class, currency, sum(stake) FROM {view} GROUP BY ALL ORDER BY ALL")
    return [
        ClassFigures(
            name=name,
            rows=counts[name][0],
            wallets=counts[name][1],
            stakes=stakes[name],
            examples=_examples(connection, view, name, shown),
        )
        for name in CLASSES
        if name in counts
    ]


def _examples(connection: DuckDBPyConnection, view: str, name: Class, shown: int) -> list[Row]:
    found = connection.execute(
        f"SELECT * FROM {view} WHERE class = ? "
        "ORDER BY stake DESC NULLS LAST, wallet, ledger_line, transaction_id, id LIMIT ?",
        [name, shown],
    )
    columns = [column[0] for column in found.description or ()]
    return [dict(zip(columns, row, strict=True)) for row in found.fetchall()]


def sums(connection: DuckDBPyConnection, query: str) -> Mapping[str, Money]:
    """Gather the rows (name, currency, sum) of *query* by name."""
    found: defaultdict[str, dict[str, Decimal]] = defaultdict(dict)
    for name, currency, amount in connection.execute(query).fetchall():
        if amount is not None:
            found[name][currency or ""] = amount
    return found


def single(connection: DuckDBPyConnection, query: str) -> Any:
    """Give the only value of *query*."""
    row = connection.execute(query).fetchone()
    return row and row[0]
