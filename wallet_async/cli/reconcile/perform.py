"""A reconciliation from the command's arguments to its exit code."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

from wallet_async.cli import logs
from wallet_async.cli.console import standard_error, standard_output
from wallet_async.cli.envfile import environment
from wallet_async.cli.exits import CommandError, Exit
from wallet_async.cli.journal.reading import opened
from wallet_async.cli.reconcile.around import show_budget, show_understanding, tell_plan
from wallet_async.cli.reconcile.options import Asked
from wallet_async.cli.reconcile.runners import runner_of
from wallet_async.cli.reconcile.screen import Screen
from wallet_async.cli.reconcile.summary import tell, tell_json
from wallet_async.cli.running import run
from wallet_async.engine.errors import InvalidInputError, WalletError
from wallet_async.provider import Provider, load_provider
from wallet_async.reconcile import (
    LedgerSource,
    Reading,
    Result,
    Rules,
    Summary,
    estimate,
    open_ledger,
    reconcile,
    understand,
)
from wallet_async.reconcile.report import check_suffix, check_target, read_overview

_EXAMPLES = 2
"""Differences of each class that the terminal shows."""

_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")


def perform(asked: Asked) -> int:
    """Do what *asked* says; give the exit code.

    Raises:
        WalletError: The ledger, an option or the provider stands in the way.
        CommandError: It was interrupted.
    """
    provider = load_provider(asked.provider)
    logs.set_up(provider.name, debug=asked.settings.debug)
    environ = environment(asked.settings.env_file, os.environ)
    _check_targets(asked)
    ledger = open_ledger(asked.ledger, query=asked.reading.query, table=asked.reading.table, environ=environ)
    reading = _reading(asked)
    if asked.work.check:
        run(_check(ledger, reading, provider))
        return Exit.OK
    if asked.work.dry_run:
        run(_dry_run(asked, ledger, reading, provider))
        return Exit.OK
    state = asked.work.state or Path(_state_name(asked))
    try:
        result = run(_reconcile(asked, provider, ledger, reading, state, environ))
    except KeyboardInterrupt:
        raise CommandError(f"interrupted; {_kept(state)}", Exit.INTERRUPTED) from None
    except WalletError as error:
        if not isinstance(error, InvalidInputError):
            error.add_note(_kept(state))
        raise
    _tell(asked, result)
    return _code(result.summary)


def _kept(state: Path) -> str:
    return f"what has been read is kept in {state}: the same command goes on with the rest"


def _check_targets(asked: Asked) -> None:
    """Refuse files that could not be written, before anything is read."""
    for path in asked.results.differences:
        check_suffix(path)
    targets = [*asked.results.differences, asked.results.report, asked.results.fix]
    for target in targets:
        if target is not None:
            check_target(target)


def _reading(asked: Asked) -> Reading:
    said = asked.reading
    return Reading(
        columns=said.columns(), zone=said.zone, credit=said.credit, debit=said.debit, unreadable=said.unreadable
    )


def _state_name(asked: Asked) -> str:
    """Name the state after the ledger, without what a URL may hold."""
    name = Path(asked.ledger.partition("?")[0]).name if "://" in asked.ledger else Path(asked.ledger).name
    return f"{_UNSAFE.sub('-', name) or asked.provider}.reconcile"


async def _check(ledger: LedgerSource, reading: Reading, provider: Provider) -> None:
    with tempfile.TemporaryDirectory(prefix="wallet-async-") as spill:
        seen = await understand(ledger, reading, provider, Path(spill))
    show_understanding(standard_output(), seen, provider.wallet_fields)


async def _dry_run(asked: Asked, ledger: LedgerSource, reading: Reading, provider: Provider) -> None:
    budget = await estimate(ledger, provider, reading=reading, balances=not asked.rules.no_balances)
    show_budget(standard_output(), budget, rate=asked.work.rate, concurrency=asked.work.concurrency)


async def _reconcile(
    asked: Asked, provider: Provider, ledger: LedgerSource, reading: Reading, state: Path, environ: Mapping[str, str]
) -> Result:
    rules = Rules(window=asked.rules.window, since=asked.rules.since, until=asked.rules.until)
    async with AsyncExitStack() as stack:
        journal = None
        if asked.settings.journal is not None:
            journal = await stack.enter_async_context(opened(asked.settings.journal))
        source = await stack.enter_async_context(runner_of(asked, provider, environ))
        screen = stack.enter_context(Screen(standard_error()))
        return await reconcile(
            source,
            ledger,
            state=state,
            reading=reading,
            rules=rules,
            balances=not asked.rules.no_balances,
            concurrency=asked.work.concurrency,
            applied=asked.rules.applied,
            journal=journal,
            restart=asked.work.restart,
            on_standing=screen.show,
        )


def _tell(asked: Asked, result: Result) -> None:
    """Write what was asked for, and show the summary."""
    for path in asked.results.differences:
        result.write(path)
    if asked.results.report is not None:
        result.report(asked.results.report)
    counts = None if asked.results.fix is None else result.plan(asked.results.fix)
    if asked.results.json:
        tell_json(result.summary)
        return
    console = standard_output()
    seen = read_overview(result.state.differences, spill=result.state.spill, shown=_EXAMPLES)
    report = [asked.results.report] if asked.results.report else []
    tell(console, result.summary, seen, see=[*report, *asked.results.differences])
    if asked.results.fix is not None and counts is not None:
        tell_plan(console, result.summary.service, asked.results.fix, counts)


def _code(summary: Summary) -> Exit:
    if any(summary.differences.values()):
        return Exit.FAILED
    return Exit.UNREACHED if summary.unread_wallets else Exit.OK
