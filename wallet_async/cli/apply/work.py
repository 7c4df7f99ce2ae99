"""Booking a plan: read, show, ask, book, tell."""

from __future__ import annotations

import csv
import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import frozen
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from wallet_async.cli import logs
from wallet_async.cli.apply.preview import ask, can_ask, show
from wallet_async.cli.call import make_session
from wallet_async.cli.columns import columns
from wallet_async.cli.envfile import environment
from wallet_async.cli.exits import CommandError, Exit, OutputError
from wallet_async.cli.journal.options import JournalOptions, writer
from wallet_async.cli.journal.reading import opened
from wallet_async.cli.options import Options
from wallet_async.cli.running import run
from wallet_async.engine.calls import MovementLike
from wallet_async.engine.errors import InvalidInputError
from wallet_async.engine.limits import Limits
from wallet_async.engine.session import WalletSession
from wallet_async.journal import Journal
from wallet_async.provider import Provider, load_provider
from wallet_async.reconcile.files import replacing
from wallet_async.reconcile.repair.applying import Outcome, apply_movements
from wallet_async.reconcile.repair.plan import read_plan
from wallet_async.reconcile.repair.sheet import shielded
from wallet_async.reconcile.report.words import count


@frozen(kw_only=True)
class Task:
    """What the user asked for."""

    provider: str
    plan: Path
    url: str
    """Of the journal."""
    yes: bool
    report: Path | None
    concurrency: int
    rate: float | None
    timeout: float
    options: JournalOptions


def work(task: Task) -> None:
    """Read the plan, show it, ask, book it, and tell what became of it.

    Raises:
        InvalidInputError: Something of *task* does not fit; nothing was sent.
        JournalError: The journal is not there or cannot be read; nothing was sent.
        CommandError: Not every movement is booked.
    """
    provider = load_provider(task.provider)
    logs.set_up(provider.name, debug=task.options.debug)
    plan = read_plan(task.plan, provider)
    movements = [row.movement for row in plan if row.movement is not None]
    _check(task, provider, asking=bool(movements) and not task.yes)
    if not task.options.json:
        show(plan)
    if not movements:
        print("nothing to book at the provider", file=sys.stderr)
        return
    if not task.yes:
        ask(plan, provider.name)
    outcomes: dict[str, Outcome] = {}
    try:
        run(_apply(task, provider, movements, outcomes))
    except KeyboardInterrupt:
        _tell(task, movements, outcomes)
        text = (
            f"interrupted after {len(outcomes):,} of {count(len(movements), 'movement')}; run it again for the others"
        )
        unknown = any(outcome.state == "unknown" for outcome in outcomes.values())
        raise CommandError(text, Exit.UNKNOWN if unknown else Exit.INTERRUPTED) from None
    _tell(task, movements, outcomes)
    _refuse(outcomes)


def _check(task: Task, provider: Provider, *, asking: bool) -> None:
    """Find out what is wrong before anybody is asked; while they are, the journal is free for others."""
    if asking and not can_ask():
        raise InvalidInputError("there is no terminal to ask on; --yes applies the plan without a question")
    if task.report is not None and not task.report.absolute().parent.is_dir():
        raise InvalidInputError(f"--report {task.report}: there is no such folder")
    provider.session(environment(task.options.env_file, os.environ))  # or it says which setting is missing
    run(_check_journal(task.url))


async def _check_journal(url: str) -> None:
    async with opened(url):
        pass


def _session(task: Task, provider: Provider, journal: Journal) -> WalletSession:
    options = Options(env_file=task.options.env_file, timeout=task.timeout, debug=task.options.debug)
    return make_session(provider, options, None, journal=journal, limits=Limits(rate=task.rate))


async def _apply(
    task: Task, provider: Provider, movements: Sequence[MovementLike], outcomes: dict[str, Outcome]
) -> None:
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("  applied"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    shown = bar.add_task("", total=len(movements))

    def take(outcome: Outcome) -> None:
        outcomes[outcome.reference] = outcome
        bar.advance(shown)

    async with opened(task.url) as journal, _session(task, provider, journal) as session:
        with bar:
            await apply_movements(provider, session, journal, movements, concurrency=task.concurrency, on_outcome=take)


def _tell(task: Task, movements: Sequence[MovementLike], outcomes: Mapping[str, Outcome]) -> None:
    """Tell what became of the movements, in the order of the plan; a table names those that are not booked.

    Raises:
        OutputError: It could not be written.
    """
    told = [outcomes[name] for movement in movements if (name := movement.reference or "") in outcomes]
    if task.report is not None:
        _write(task.report, told)
    out = writer(Outcome, task.options)
    for outcome in told:
        if task.options.json or outcome.state in {"refused", "unknown"}:
            out.row(outcome)
    out.end()
    counts = Counter(outcome.state for outcome in told)
    print(", ".join(f"{state}: {counts[state]:,}" for state in sorted(counts)), file=sys.stderr)


def _write(path: Path, told: Sequence[Outcome]) -> None:
    try:
        with replacing(path) as part, part.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(column.name for column in columns(Outcome))
            rows.writerows([shielded(column.of(outcome) or "") for column in columns(Outcome)] for outcome in told)
    except OSError as error:
        raise OutputError(f"the report could not be written: {error.strerror}") from None


def _refuse(outcomes: Mapping[str, Outcome]) -> None:
    """End in an error if something is not booked, or may not be."""
    counts = Counter(outcome.state for outcome in outcomes.values())
    if counts["unknown"]:
        text = f"may or may not have been booked: {counts['unknown']:,}; `wallet-async journal resolve` finds out"
        raise CommandError(text, Exit.UNKNOWN)
    if counts["refused"]:
        raise CommandError(f"not booked: {counts['refused']:,}", Exit.FAILED)
