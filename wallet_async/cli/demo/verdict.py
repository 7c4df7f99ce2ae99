"""Whether ledger and provider agree: row by row, for every wallet, and against the sandbox's own ledger. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Context, Decimal, Inexact
from typing import Any

from attrs import frozen

from wallet_async.cli.demo.ledger import Line
from wallet_async.engine.errors import WalletError
from wallet_async.provider import HistoryRow

_EXACT = Context(prec=100, traps=[Inexact])
"""Sums are exact or fail; a rounded one would agree with anything."""

Row = tuple[str, str, int | Decimal]
"""Id, kind and amount of a row of a history."""


@frozen(kw_only=True)
class Truth:
    """What the sandbox itself says of one wallet."""

    rows: tuple[Row, ...]
    balance: int | Decimal


@frozen(kw_only=True)
class WalletVerdict:
    """One wallet, compared three ways."""

    wallet: str
    """The ledger's name for it."""
    rows: int
    """Rows in its history."""
    missing: tuple[str, ...]
    """References of the ledger that no row shows."""
    doubled: tuple[str, ...]
    """References that more than one row shows."""
    altered: tuple[str, ...]
    """References whose row has another kind or amount."""
    foreign: tuple[str, ...]
    """Ids of rows that show no reference of the ledger."""
    expected: Decimal
    """Balance by the ledger."""
    found: Decimal
    """Balance by the history that was read."""
    held: Decimal
    """Balance by the sandbox's own word."""
    unlike_truth: int
    """Rows that stand in the history and not in the sandbox's ledger, or the other way round."""
    error: WalletError | None
    """Why its history could not be read, or None."""

    @property
    def agrees(self) -> bool:
        """Whether nothing differs."""
        faults = self.missing or self.doubled or self.altered or self.foreign or self.unlike_truth or self.error
        return not faults and self.expected == self.found == self.held


def judge(
    wallet: str,
    *,
    ledger: Sequence[Line],
    marks: Mapping[str, str],
    history: Sequence[HistoryRow] | WalletError,
    truth: Truth,
) -> WalletVerdict:
    """Compare what the ledger says of one wallet with its history as it was read and with the sandbox's ledger.

    Args:
        wallet: The ledger's name for the wallet.
        ledger: Its movements.
        marks: What a history shows of each of their references (`Provider.mark`).
        history: Every row of its history, or why it could not be read.
        truth: What the sandbox says.
    """
    error = history if isinstance(history, WalletError) else None
    rows: Sequence[HistoryRow] = () if isinstance(history, WalletError) else history
    known = {marks[line.reference]: line for line in ledger}
    shown = Counter(row.mark for row in rows)
    read = Counter((row.transaction_id, row.kind, row.amount) for row in rows)
    # Of a history that could not be read nothing else is said.
    true = read if error else Counter(truth.rows)
    return WalletVerdict(
        wallet=wallet,
        rows=len(rows),
        missing=() if error else tuple(line.reference for mark, line in known.items() if not shown[mark]),
        doubled=tuple(line.reference for mark, line in known.items() if shown[mark] > 1),
        altered=tuple(dict.fromkeys(_altered(rows, known))),
        foreign=tuple(row.transaction_id for row in rows if row.mark not in known),
        expected=total(line.signed for line in ledger),
        found=total(row.amount if row.kind == "credit" else -row.amount for row in rows),
        held=total([truth.balance]),
        unlike_truth=((read - true) + (true - read)).total(),
        error=error,
    )


def _altered(rows: Iterable[HistoryRow], known: Mapping[Any, Line]) -> Iterable[str]:
    for row in rows:
        line = known.get(row.mark)
        if line is not None and (row.kind, row.amount) != (line.kind, line.amount):
            yield line.reference


def total(amounts: Iterable[int | Decimal]) -> Decimal:
    """Add up, exactly."""
    found = Decimal(0)
    for amount in amounts:
        found = _EXACT.add(found, Decimal(amount))
    return found
