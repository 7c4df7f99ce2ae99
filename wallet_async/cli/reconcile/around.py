"""What the command says around a run: what was understood and what it will take, and what is planned after it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from wallet_async.cli.columns import text
from wallet_async.cli.console import show
from wallet_async.engine.redact import printable
from wallet_async.reconcile import Budget, Understanding
from wallet_async.reconcile.model import wallet_parts
from wallet_async.reconcile.repair.plan import PlanCounts
from wallet_async.reconcile.report.words import count, number, span

_SHOWN = ("kind", "amount", "created_at", "transaction_id", "reference", "currency")
"""Columns of a row as it was understood, behind those of its wallet."""

LATENCY = 0.1
"""Seconds that a request is taken to last where nothing has been measured."""


def show_understanding(console: Console, seen: Understanding, wallet_fields: Sequence[str]) -> None:
    """Say what the first rows of the ledger were taken to mean."""
    show(console, Text(printable(seen.source), "bold"))
    show(console, "")
    show(console, _columns(seen))
    if seen.rows:
        show(console, "")
        show(console, Text(f"the first {seen.unit}s, as they are understood", "dim"))
        show(console, _rows(seen, wallet_fields))
    show(console, "")
    unreadable = f", {seen.unreadable:,} unreadable" if seen.unreadable else ""
    sums = f"credits {number(seen.credits)}, debits {number(seen.debits)}"
    looked = f"{count(seen.looked_at, seen.unit)} looked at: {count(seen.wallets, 'wallet')}"
    show(console, Text(f"{looked}, {sums}{unreadable}"))
    show(console, Text("nothing was sent", "dim"))


def _columns(seen: Understanding) -> Table:
    table = _table("column", "taken from", "which is", "such as")
    for column in seen.columns:
        how = "named" if column.named else "found by its name"
        kind = f"{column.type}, {how}" if column.type else how
        cells = (column.name, printable(column.header), kind, ", ".join(map(printable, column.values)))
        table.add_row(*map(Text, cells))
    for name, meaning in seen.missing.items():
        table.add_row(Text(name), Text("not there", "yellow"), Text(meaning, "dim"), "")
    if seen.unused:
        table.add_row(Text("not used", "dim"), Text(", ".join(map(printable, seen.unused)), "dim"))
    return table


def _rows(seen: Understanding, wallet_fields: Sequence[str]) -> RenderableType:
    found = {column.name for column in seen.columns} | {"kind"}
    shown = [name for name in _SHOWN if name in found]
    table = _table(seen.unit, *wallet_fields, *shown)
    for row in seen.rows:
        parts = wallet_parts(row.wallet) if row.wallet else ("",) * len(wallet_fields)
        amount = None if row.amount is None else number(Decimal(row.amount))
        cells = [str(row.line), *parts, *(text(amount if name == "amount" else getattr(row, name)) for name in shown)]
        table.add_row(*(Text(printable(cell)) for cell in cells))
    return Group(
        table, *(Text(printable(f"{seen.unit} {row.line}: {row.problem}"), "red") for row in seen.rows if row.problem)
    )


def _table(*names: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in names:
        table.add_column(name, overflow="fold", justify="right" if name == "amount" else "left")
    return table


def show_budget(console: Console, budget: Budget, *, rate: float | None, concurrency: int) -> None:
    """Say how many requests it takes, and how long."""
    seconds = budget.seconds(rate=rate, concurrency=concurrency, latency=LATENCY)
    pace = f"at most {rate:,g} requests a second, " if rate else ""
    rows = f"{count(budget.rows, 'movement')} in the ledger"
    show(console, Text(f"{count(budget.wallets, 'wallet')} with {rows}"))
    lookups = f"{budget.lookups:,} for what the provider says of each wallet, " if budget.lookups else ""
    show(console, Text(f"{budget.requests:,} requests: {lookups}{budget.pages:,} for pages of history", "bold"))
    show(
        console,
        Text(
            f"about {span(max(seconds, 1))} with {pace}{concurrency} under way, if each takes {LATENCY * 1000:.0f} ms"
        ),
    )
    show(console, Text("histories longer than the ledger take more; nothing was sent", "dim"))


def tell_plan(console: Console, provider: str, path: Path, counts: PlanCounts) -> None:
    """Say what was planned, and how it is applied."""
    parts = {
        "for the provider": counts.provider,
        "for your ledger": counts.ledger,
        "left to a person": sum(counts.person.values()),
        "left to the journal": counts.journal,
        "mended before": counts.settled,
    }
    said = ", ".join(f"{count:,} {name}" for name, count in parts.items() if count) or "nothing to do"
    show(console, Text(f"{path}: {said}"))
    if counts.provider:
        show(
            console,
            Text(
                f"look at it, then: {shlex.join(['wallet-async', 'apply', provider, str(path)])} --journal URL", "dim"
            ),
        )
