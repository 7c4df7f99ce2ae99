"""What the first rows of an own ledger are taken to mean, to be looked at before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, localcontext
from functools import partial
from itertools import islice
from pathlib import Path
from threading import Event

from attrs import frozen

from wallet_async.reconcile.ledger.columns import Column, find_columns
from wallet_async.reconcile.ledger.reading import LedgerRow, Reading
from wallet_async.reconcile.ledger.rows import Marks, RowReader
from wallet_async.reconcile.ledger.source import LedgerSource, Opening, Table, folder_in
from wallet_async.reconcile.ledger.threads import in_thread
from wallet_async.reconcile.ledger.values import UnreadableError

LOOKED_AT = 1000
"""Rows that are looked at."""
_SHOWN = 5
"""Rows that are shown."""
_VALUES = 3
"""Values of a column that are shown."""
_EXACT = 60
"""Digits of a sum: those of an amount, and room for a thousand of them."""

_WITHOUT = {
    "kind": "the sign of an amount says which way it goes: above 0 a credit, below 0 a debit",
    "created_at": "rows are matched without their times, and differences are not told by day",
    "transaction_id": "rows are matched by their reference",
    "reference": "rows without a transaction id are matched by wallet, kind, amount and time",
    "currency": "currencies are not compared",
}
_WITHOUT_BOTH = "rows are matched by wallet, kind, amount and time only"


@frozen(kw_only=True)
class UnderstoodColumn:
    """One of our columns, and what it is taken from."""

    name: str
    """Ours."""
    header: str
    """The ledger's."""
    named: bool
    """Whether the user named it; else it was found by its name."""
    type: str | None
    """Its declared type, or None where there is only text."""
    values: tuple[str, ...]
    """First different values, as they stand there."""


@frozen(kw_only=True)
class Understanding:
    """What the first rows of a ledger are taken to mean."""

    source: str
    """The file, or that it is a query."""
    unit: str
    """What its rows are counted in: ``line`` or ``row``."""
    columns: tuple[UnderstoodColumn, ...]
    missing: Mapping[str, str]
    """Our columns that were not found, and what that means."""
    unused: tuple[str, ...]
    """Headers that nothing is taken from."""
    rows: tuple[LedgerRow, ...]
    """The first rows as they are understood."""
    looked_at: int
    """Rows that were looked at: `LOOKED_AT`, or all if there are fewer."""
    unreadable: int
    """Those of them that could not be read."""
    credits: Decimal
    """Sum of the credits among them."""
    debits: Decimal
    """Sum of the debits among them."""
    wallets: int
    """Wallets among them."""


async def understand(source: LedgerSource, reading: Reading, provider: Marks, spill: Path) -> Understanding:
    """Read the first rows of a ledger as `read_ledger` would, and say what was understood.

    Args:
        source: Where it is.
        reading: How it is to be read.
        provider: Names the parts of a wallet, and makes the marks of references.
        spill: A folder for files that are not kept; made if it is not there.

    Raises:
        InvalidInputError: It cannot be read, or not all of its first rows and *reading* says to refuse it then.
    """
    with folder_in(spill) as folder:
        opening = await source.fetch(folder, first=LOOKED_AT)
        return await in_thread(partial(_look, opening, reading, provider))


def _look(opening: Opening, reading: Reading, provider: Marks, _: Event) -> Understanding:
    with opening() as table:
        found = find_columns(table, provider.wallet_fields, reading.columns)
        reader = RowReader(table, found, reading, provider)
        records = list(islice(table.records(reader.places), LOOKED_AT))
        rows = list(reader.rows(records))
        reader.judge()
        texts = [texts for _, texts in records if not isinstance(texts, UnreadableError)]
        return Understanding(
            source=table.name,
            unit=table.unit,
            columns=tuple(
                _understood(found[name], [text[place] for text in texts])
                for place, name in enumerate(reader.columns)
                if name in found
            ),
            missing=_missing(found),
            unused=_unused(table, found),
            rows=tuple(rows[:_SHOWN]),
            looked_at=len(rows),
            unreadable=reader.unreadable,
            credits=_sum(rows, "credit"),
            debits=_sum(rows, "debit"),
            wallets=len({row.wallet for row in rows} - {None}),
        )


def _understood(column: Column, texts: Sequence[str | None]) -> UnderstoodColumn:
    different = dict.fromkeys(text for text in texts if text)
    return UnderstoodColumn(
        name=column.name,
        header=column.header.name,
        named=column.named,
        type=column.header.type,
        values=tuple(islice(different, _VALUES)),
    )


def _missing(found: Mapping[str, Column]) -> dict[str, str]:
    missing = {name: means for name, means in _WITHOUT.items() if name not in found}
    if {"transaction_id", "reference"} <= missing.keys():
        missing |= {"transaction_id": _WITHOUT_BOTH, "reference": _WITHOUT_BOTH}
    return missing


def _unused(table: Table, found: Mapping[str, Column]) -> tuple[str, ...]:
    used = {column.index for column in found.values()}
    return tuple(header.name for index, header in enumerate(table.headers) if index not in used and header.name)


def _sum(rows: Sequence[LedgerRow], kind: str) -> Decimal:
    with localcontext(prec=_EXACT):
        return sum((Decimal(row.amount) for row in rows if row.amount and row.kind == kind), Decimal(0))
