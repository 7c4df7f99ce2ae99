"""What a plan would do, for the person who is asked."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from decimal import Context, Decimal, localcontext

from attrs import frozen

from wallet_async.cli.exits import CommandError, Exit
from wallet_async.cli.tables import TableWriter
from wallet_async.reconcile.repair.plan import PlanRow
from wallet_async.reconcile.report.words import count

_SHOWN = 20
"""Rows of the table."""


@frozen(kw_only=True)
class _Shown:
    where: str
    wallet: str
    kind: str
    amount: Decimal
    currency: str | None
    reference: str | None
    why: str


def show(rows: Sequence[PlanRow]) -> None:
    """Print the first rows of a plan; what is for the ledger last, for it is not done here."""
    movements = [row for row in rows if row.movement is not None]
    lines = [row for row in rows if row.movement is None]
    out = TableWriter(_Shown)
    for row in [*movements, *lines][:_SHOWN]:
        out.row(
            _Shown(
                where=row.where,
                wallet=" ".join(row.wallet),
                kind=row.kind,
                amount=row.amount,
                currency=row.currency,
                reference=row.reference,
                why=row.why,
            )
        )
    out.end()
    if len(rows) > _SHOWN:
        print(f"… and {len(rows) - _SHOWN:,} more", file=sys.stderr)
    if lines:
        print(f"for the ledger, not done here: {count(len(lines), 'line')} ({_sums(lines)})", file=sys.stderr)


def can_ask() -> bool:
    """Whether there is somebody at a terminal."""
    return sys.stdin is not None and sys.stdin.isatty()


def ask(rows: Sequence[PlanRow], service: str) -> None:
    """Ask on the terminal whether to book what is for the provider.

    Raises:
        CommandError: The answer is no.
    """
    movements = [row for row in rows if row.movement is not None]
    wallets = count(len({row.wallet for row in movements}), "wallet")
    what = f"{count(len(movements), 'movement')} ({_sums(movements)}; {wallets})"
    print(f"Apply {what} at {service}? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise CommandError("nothing was sent", Exit.FAILED)


def _sums(rows: Sequence[PlanRow]) -> str:
    """Sum rows up by kind and currency."""
    groups: dict[tuple[str, str], list[Decimal]] = {}
    for row in rows:
        groups.setdefault((row.kind, row.currency or ""), []).append(row.amount)
    with localcontext(Context(prec=100)):  # every digit, however many rows
        return ", ".join(
            f"{count(len(amounts), kind)}: {sum(amounts):,f} {currency}".rstrip()
            for (kind, currency), amounts in sorted(groups.items())
        )
