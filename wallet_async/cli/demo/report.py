"""What the demo says: before, and at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from attrs import frozen
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from wallet_async.cli.console import show
from wallet_async.cli.demo.booking import Tally
from wallet_async.cli.demo.ledger import Ledger
from wallet_async.cli.demo.verdict import WalletVerdict, total
from wallet_async.engine.statistics import Statistics

AGREED = "ledger and provider agree to the last point"

_SHOWN = 3
"""References of one sort that the table of differences names."""

_LISTED = 20
"""Wallets that it names."""


@frozen(kw_only=True)
class Outcome:
    """What came of the demo with one provider."""

    ledger: Ledger
    tally: Tally
    statistics: Statistics
    """The session's own counts."""
    faults: Mapping[str, int]
    """What the sandbox did wrong, by kind."""
    verdicts: tuple[WalletVerdict, ...]
    seconds: float

    @property
    def agrees(self) -> bool:
        """Whether every wallet agrees."""
        return all(verdict.agrees for verdict in self.verdicts)


def announce(console: Console, provider: str, ledger: Ledger, url: str, faults: str, seed: int) -> None:
    """Say what is going to happen."""
    credits = sum(line.kind == "credit" for line in ledger.lines)
    facts = {
        "ledger": f"{_count(len(ledger.lines), 'movement')} ({_count(credits, 'credit')}, "
        f"{_count(len(ledger.lines) - credits, 'debit')}) in {_count(len(ledger.wallets), 'wallet')}",
        "sandbox": f"{url}, a process of its own",
        "faults": f"{faults or 'none'} (seed {seed})",
    }
    show(console, Text(f"{provider}", "bold"))
    show(console, _facts(facts))
    show(console, "")


def tell(console: Console, outcome: Outcome) -> None:
    """Say how it ended, and which wallets differ."""
    tally, counts, verdicts = outcome.tally, outcome.statistics, outcome.verdicts
    doubled = sum(len(verdict.doubled) for verdict in verdicts)
    lost = sum(len(verdict.missing) for verdict in verdicts)
    agreed = sum(verdict.agrees for verdict in verdicts)
    facts = {
        "movements": f"{len(outcome.ledger.lines):,} in {_count(tally.rounds, 'round')}",
        "requests": f"{counts.attempts:,}, of which {counts.retries:,} retries",
        "faults met": _faults(outcome.faults),
        "not booked": f"{tally.refused:,} certainly not, sent again",
        "outcome unknown": f"{tally.unknown:,}: {tally.booked_unknown:,} found booked, "
        f"{tally.absent:,} absent and sent again",
        "doubled": f"{doubled:,}",
        "lost": f"{lost:,}",
        "wallets in agreement": f"{agreed:,} of {len(verdicts):,}",
        "sum of the ledger": _points(total(verdict.expected for verdict in verdicts)),
        "sum at the provider": _points(total(verdict.found for verdict in verdicts)),
        "time": f"{outcome.seconds:.1f} s",
    }
    if tally.left:
        facts["given up"] = f"{_count(tally.left, 'movement')}; the last answer was: {tally.last}"
    show(console, "")
    show(console, _facts(facts))
    differing = [verdict for verdict in verdicts if not verdict.agrees]
    if differing:
        show(console, "")
        show(console, _differences(differing))
    show(console, "")


def conclude(console: Console, providers: Sequence[str], *, agreed: bool) -> None:
    """Say the last line."""
    names = f"{', '.join(providers)}: " if len(providers) > 1 else ""
    if agreed:
        show(console, Text(f"{names}{AGREED}", "bold green"))
    else:
        show(console, Text(f"{names}ledger and provider differ", "bold red"))


def _facts(facts: Mapping[str, str]) -> Padding:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts.items():
        table.add_row(name, Text(value))
    return Padding(table, (0, 0, 0, 2), expand=False)


def _differences(verdicts: Sequence[WalletVerdict]) -> Table:
    table = Table(title="wallets that differ", title_style="bold red", style="red", title_justify="left")
    table.add_column("wallet", overflow="fold")
    for name in ("ledger", "history", "sandbox"):
        table.add_column(name, justify="right", overflow="fold")
    table.add_column("what differs", overflow="fold")
    for verdict in verdicts[:_LISTED]:
        sums = map(_points, (verdict.expected, verdict.found, verdict.held))
        table.add_row(Text(verdict.wallet), *sums, Text("; ".join(_reasons(verdict))))
    if len(verdicts) > _LISTED:
        table.caption = f"and {len(verdicts) - _LISTED:,} more"
    return table


def _reasons(verdict: WalletVerdict) -> list[str]:
    sorts = {
        "doubled": verdict.doubled,
        "lost": verdict.missing,
        "altered": verdict.altered,
        "not in the ledger": verdict.foreign,
    }
    reasons = [f"{len(names)} {sort}: {_named(names)}" for sort, names in sorts.items() if names]
    if verdict.unlike_truth:
        reasons.append(f"{verdict.unlike_truth} rows unlike the sandbox's own")
    if verdict.error is not None:
        reasons.append(f"unreadable: {verdict.error}")
    return reasons


def _faults(faults: Mapping[str, int]) -> str:
    often = sorted(faults.items(), key=lambda item: -item[1])
    return ", ".join(f"{number:,} {kind}" for kind, number in often) or "none"


def _named(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


def _points(amount: Decimal) -> str:
    return f"{amount:,f}"
