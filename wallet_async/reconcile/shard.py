"""A shard: what one chunk's wallets hold at the provider, as one Parquet file."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from datetime import UTC
from decimal import Context, Decimal
from pathlib import Path
from types import TracebackType
from typing import Self, get_args

from attrs import define, field

from wallet_async.engine.calls import Kind
from wallet_async.provider import HistoryRow
from wallet_async.reconcile.database import database, quoted
from wallet_async.reconcile.files import replacing
from wallet_async.reconcile.model import HISTORY_COLUMNS

_DIGITS, _DECIMALS = 26, 12
"""Before the point and after it: what `AMOUNT` holds."""
_EXACT = Context(prec=100)

_OF_ROWS = ("wallet", "transaction_id", "kind", "amount", "created_at", "mark", "currency", "problem")
_OF_WALLETS = ("wallet", "balance", "known", "rows", "requests", "error")


@define(kw_only=True)
class Statement:
    """What was found out of one wallet."""

    reading: int = 0
    """Which of its readings counts, from 0."""
    known: bool | None = None
    """False if the provider says that there is no such wallet; None if it was not asked."""
    balance: int | Decimal | None = None
    total: Decimal = field(factory=Decimal)
    """Credits less debits of its history."""
    rows: int = 0
    requests: int = 0
    error: str | None = None
    """Why its history could not be read."""


class ShardWriter:
    """Takes rows as they come, in whatever order, and makes a shard of them.

    Args:
        folder: Where rows are kept until then; emptied by whoever gave it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rows = folder / "rows.csv"
        self._file = self._rows.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, wallet: str, reading: int, rows: Iterable[HistoryRow]) -> None:
        """Take rows of a wallet."""
        self._writer.writerows(_cells(wallet, reading, row) for row in rows)

    def finish(self, statements: Mapping[str, Statement], into: Path) -> None:
        """Write the shard: of each wallet the rows of the reading that counts, and none if it could not be read."""
        self._file.close()
        facts = self._folder / "facts.csv"
        with facts.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(_facts(wallet, known) for wallet, known in statements.items())
        names = ", ".join(HISTORY_COLUMNS)
        with replacing(into) as part, database(self._folder / "spill", threads=1) as connection:
            connection.execute(
                f"""
                COPY (
                    SELECT {names} FROM (
                        SELECT rows.* EXCLUDE (reading) FROM {_csv(self._rows, _OF_ROWS)} AS rows
                        JOIN {_csv(facts, _OF_WALLETS)} AS facts USING (wallet, reading)
                        WHERE error IS NULL
                        UNION ALL BY NAME
                        SELECT * EXCLUDE (reading) FROM {_csv(facts, _OF_WALLETS)}
                    ) ORDER BY wallet, transaction_id NULLS FIRST
                ) TO {quoted(part)} (FORMAT parquet, COMPRESSION zstd)
                """
            )


def _csv(path: Path, columns: Iterable[str]) -> str:
    """Read a file of ours; a wallet may be read more than once, so which reading it was stands in front."""
    kinds = "'reading': 'INTEGER', " + ", ".join(f"{quoted(name)}: {quoted(HISTORY_COLUMNS[name])}" for name in columns)
    # Nothing is guessed; an empty cell that is not quoted is NULL.
    return (
        f"read_csv({quoted(path)}, header=false, auto_detect=false, delim=',', quote='\"', escape='\"', "
        f"nullstr='', allow_quoted_nulls=false, max_line_size=16777216, columns={{{kinds}}})"
    )


def _cells(wallet: str, reading: int, row: HistoryRow) -> tuple[object, ...]:
    problem = unfit(row)
    amount = None if problem else format(row.amount, "f")
    moment = row.created_at.astimezone(UTC).replace(tzinfo=None).isoformat(" ")
    return reading, wallet, row.transaction_id, row.kind, amount, moment, row.mark, row.currency, problem


def _facts(wallet: str, known: Statement) -> tuple[object, ...]:
    balance = None if known.balance is None or not fits(known.balance) else format(known.balance, "f")
    return known.reading, wallet, balance, known.known, known.rows, known.requests, known.error


def unfit(row: HistoryRow) -> str | None:
    """Say why a row of the provider's cannot be compared, or None."""
    if row.kind not in get_args(Kind):
        return f"its kind is {row.kind!r}, neither credit nor debit"
    if not fits(row.amount):
        return f"its amount {row.amount} has more than {_DIGITS} digits before the point or {_DECIMALS} after it"
    return None


def fits(amount: int | Decimal) -> bool:
    """Whether `AMOUNT` holds *amount* with every digit."""
    exact = _EXACT.normalize(Decimal(amount))
    exponent = exact.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -_DECIMALS and exact.adjusted() < _DIGITS
