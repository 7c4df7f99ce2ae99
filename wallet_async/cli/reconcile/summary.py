"""What the terminal says at the end of a reconciliation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from wallet_async.cli.columns import plain
from wallet_async.cli.console import show
from wallet_async.cli.reconcile.around import tell_plan
from wallet_async.cli.reconcile.options import ResultOptions
from wallet_async.cli.writers import put
from wallet_async.engine import codec
from wallet_async.engine.redact import printable
from wallet_async.reconcile.model import Side, Summary, wallet_parts
from wallet_async.reconcile.repair.plan import PlanCounts
from wallet_async.reconcile.report.figures import ClassFigures, Money, Overview, read_overview
from wallet_async.reconcile.report.provider_side import provider_side
from wallet_async.reconcile.report.words import count, number, places, short, verdict
from wallet_async.reconcile.result import Result

_EXAMPLES = 2
"""Differences of each class that are shown."""

Unread = Sequence[tuple[str, str]]
"""Wallets that could not be read, each with its error."""

_NAME = 22
"""Characters of the longest name of a class, so that the figures stand under one another."""


def show_summary(console: Console, result: Result, *, written: ResultOptions, plan: PlanCounts | None) -> None:
    """Show how *result* came out, and name the files that were written.

    Raises:
        OutputError: It could not be written.
        BrokenPipeError: The reader has gone.
    """
    if written.json:
        tell_json(result.summary)
        return
    files = [*written.differences, *([written.report] if written.report else [])]
    seen = read_overview(result.state.differences, spill=result.state.spill, shown=_EXAMPLES)
    if written.fix is not None and plan is not None:
        tell_plan(console, result.provider.name, written.fix, plan)
    unread = provider_side(result.state.history, result.state.spill, shown=_EXAMPLES).unread
    tell(console, result.summary, seen, unread=unread, see=files)


def tell(console: Console, summary: Summary, seen: Overview, *, unread: Unread = (), see: Sequence[Path] = ()) -> None:
    """Say what was compared, what differs, and in the last line how it came out.

    Args:
        console: Where.
        summary: The reconciliation.
        seen: Its differences.
        unread: The first wallets that could not be read, and why.
        see: The files that tell more.

    Raises:
        OutputError: It could not be written.
        BrokenPipeError: The reader has gone.
    """
    show(console, Group(*page(summary, seen, unread=unread, see=see)))


def page(
    summary: Summary, seen: Overview, *, unread: Unread = (), see: Sequence[Path] = ()
) -> Iterator[RenderableType]:
    """Give what `tell` shows, part by part."""
    digits = places(summary, fractions=seen.fractions)
    yield Text(f"ledger against {summary.service}", "bold")
    yield _facts(summary, digits)
    for title, style, found in (("differences", "red", seen.classes), ("notes", "yellow", seen.notes)):
        if found:
            yield from ("", _heading(title), *(_class(one, style, digits) for one in found))
    if unread:
        yield from ("", Text("  not read", "dim"), *(_failed(*one) for one in unread))
    end = Text(verdict(summary, seen.wallets), "bold green" if summary.clean else "bold red")
    if see:
        end.append(f": see {', '.join(map(str, see))}", "not bold default")
    yield from ("", end)


def tell_json(summary: Summary) -> None:
    """Write the summary as one JSON object, numbers exact, with ``clean`` as its first field.

    Raises:
        OutputError: It could not be written.
        BrokenPipeError: The reader has gone.
    """
    fields: Mapping[str, Any] = {"clean": summary.clean, **plain(summary)}
    put(codec.text(fields) + "\n")


def _facts(summary: Summary, digits: int) -> RenderableType:
    facts = {
        "wallets": f"{summary.wallets:,}",
        "ledger": _side(summary.ledger, digits),
        "provider": _side(summary.provider, digits),
        "matched": "; ".join(f"{pairs:,} by {name}" for name, pairs in summary.matched.items() if pairs) or "none",
        "balances": f"{summary.balances:,} compared with the sum of the history" if summary.balances else "none known",
    }
    beside = {
        "unknown": (summary.unknown_wallets, "{} that the provider does not know"),
        "unread": (summary.unread_wallets, "{} whose history could not be read: of them nothing is said"),
    }
    facts |= {name: text.format(count(wallets, "wallet")) for name, (wallets, text) in beside.items() if wallets}
    if summary.arrived_since:
        facts["since then"] = f"{count(summary.arrived_since, 'row')} at the provider, booked after the ledger was read"
    if summary.outside:
        facts["outside"] = f"{count(summary.outside, 'row')} before or after the time that is judged"
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts.items():
        table.add_row(name, Text(value))
    return Padding(table, (0, 0, 0, 2), expand=False)


def _side(side: Side, digits: int) -> str:
    return f"{count(side.rows, 'row')}, credits {number(side.credits, digits)}, debits {number(side.debits, digits)}"


def _heading(title: str) -> Text:
    return Text(f"  {title:<{_NAME}}  {'rows':>9}  {'wallets':>9}  {'at stake':>11}", "dim")


def _class(found: ClassFigures, style: str, digits: int) -> RenderableType:
    """Write a line about a class, and its examples below."""
    line = Text(f"  {short(found.name):<{_NAME}}", style)
    line.append(f"  {found.rows:>9,}  {found.wallets:>9,}  {_money(found.stakes, digits):>11}", "default")
    examples = (
        Padding(Text(printable(f"{' '.join(wallet_parts(row['wallet']))}: {row['detail']}"), "dim"), (0, 0, 0, 4))
        for row in found.examples
    )
    return Group(line, *examples)


def _failed(wallet: str, error: str) -> RenderableType:
    return Padding(Text(printable(f"{' '.join(wallet_parts(wallet))}: {error}"), "dim"), (0, 0, 0, 4))


def _money(stakes: Money, digits: int) -> str:
    return " + ".join(f"{number(value, digits)} {currency}".rstrip() for currency, value in stakes.items()) or "-"
