"""A reconciliation from the command's arguments to its exit code."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

from attrs import frozen

from wallet_async.cli import logs
from wallet_async.cli.console import standard_error, standard_output
from wallet_async.cli.envfile import environment
from wallet_async.cli.exits import CommandError, Exit, error_line, exit_code
from wallet_async.cli.journal.reading import opened
from wallet_async.cli.reconcile.around import show_budget, show_understanding
from wallet_async.cli.reconcile.checks import check_files, check_work
from wallet_async.cli.reconcile.options import Asked
from wallet_async.cli.reconcile.runners import at_once, runner_of
from wallet_async.cli.reconcile.screen import Screen
from wallet_async.cli.reconcile.summary import show_summary
from wallet_async.cli.running import run
from wallet_async.engine.errors import AuthenticationError, WalletError
from wallet_async.journal import JournalError
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
from wallet_async.reconcile.database import require_extra
from wallet_async.reconcile.state import State

_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")


@frozen(kw_only=True)
class _Opened:
    """What the arguments stand for; nothing has been read or sent yet."""

    asked: Asked
    provider: Provider
    ledger: LedgerSource
    wallets: LedgerSource | None
    reading: Reading
    environ: Mapping[str, str]


def perform(asked: Asked) -> int:
    """Do what *asked* says; give the exit code.

    Raises:
        WalletError: The ledger, an option or the provider stands in the way.
        CommandError: It was interrupted.
    """
    opened_up = _open(asked)
    if asked.work.check:
        run(_check(opened_up))
        return Exit.OK
    if asked.work.dry_run:
        run(_dry_run(opened_up))
        return Exit.OK
    state = State(asked.work.state or Path(_state_name(asked)))
    try:
        result = run(_reconcile(opened_up, state.folder))
    except KeyboardInterrupt:
        kept = f"; {_kept(state)}" if state.kept else ""
        raise CommandError(f"interrupted{kept}", Exit.INTERRUPTED) from None
    except WalletError as error:
        raise _failure(error, state) from None
    except OSError as error:
        raise CommandError(error_line(error), Exit.UNWRITTEN) from None
    _tell(asked, result)
    return _code(result.summary)


def _open(asked: Asked) -> _Opened:
    provider = load_provider(asked.provider)
    logs.set_up(provider.name, debug=asked.settings.debug)
    environ = environment(asked.settings.env_file, os.environ)
    require_extra()
    check_work(asked.work)
    check_files(asked)
    said = asked.reading
    return _Opened(
        asked=asked,
        provider=provider,
        ledger=open_ledger(asked.ledger, query=said.query, table=said.table, environ=environ),
        wallets=None if said.wallets is None else open_ledger(said.wallets, environ=environ),
        reading=Reading(
            columns=said.columns(), zone=said.zone, credit=said.credit, debit=said.debit, unreadable=said.unreadable
        ),
        environ=environ,
    )


def _failure(error: WalletError, state: State) -> Exception:
    """Give what the command ends with; 1 means that both sides differ, and nothing else."""
    if state.kept:
        error.add_note(_kept(state))
    if isinstance(error, AuthenticationError | JournalError):
        return CommandError(error_line(error), Exit.USAGE)
    return CommandError(error_line(error), Exit.UNREACHED) if exit_code(error) is Exit.FAILED else error


def _kept(state: State) -> str:
    return f"what has been read is kept in {state.folder}: the same command goes on with the rest"


def _state_name(asked: Asked) -> str:
    """Name the state after the ledger, without what a URL may hold."""
    name = Path(asked.ledger.partition("?")[0]).name if "://" in asked.ledger else Path(asked.ledger).name
    return f"{_UNSAFE.sub('-', name) or asked.provider}.reconcile"


async def _check(it: _Opened) -> None:
    with tempfile.TemporaryDirectory(prefix="wallet-async-") as spill:
        seen = await understand(it.ledger, it.reading, it.provider, Path(spill))
    show_understanding(standard_output(), seen, it.provider.wallet_fields)


async def _dry_run(it: _Opened) -> None:
    balances = not it.asked.rules.no_balances
    budget = await estimate(it.ledger, it.provider, wallets=it.wallets, reading=it.reading, balances=balances)
    show_budget(standard_output(), budget, rate=it.asked.work.rate, concurrency=it.asked.work.concurrency)


async def _reconcile(it: _Opened, state: Path) -> Result:
    asked = it.asked
    async with AsyncExitStack() as stack:
        journal = None
        if asked.settings.journal is not None:
            journal = await stack.enter_async_context(opened(asked.settings.journal))
        source = await stack.enter_async_context(runner_of(asked, it.provider, it.environ))
        screen = stack.enter_context(Screen(standard_error()))
        return await reconcile(
            source,
            it.ledger,
            state=state,
            wallets=it.wallets,
            reading=it.reading,
            rules=Rules(window=asked.rules.window, since=asked.rules.since, until=asked.rules.until),
            balances=not asked.rules.no_balances,
            concurrency=at_once(asked.work),
            applied=asked.rules.applied,
            journal=journal,
            restart=asked.work.restart,
            memory=asked.work.memory,
            on_standing=screen.show,
        )


def _tell(asked: Asked, result: Result) -> None:
    """Write what was asked for, and show the summary."""
    try:
        for path in asked.results.differences:
            result.write(path)
        if asked.results.report is not None:
            result.report(asked.results.report)
        counts = None if asked.results.fix is None else result.plan(asked.results.fix)
    except OSError as error:
        raise CommandError(error_line(error), Exit.UNWRITTEN) from None
    show_summary(standard_output(), result, written=asked.results, plan=counts)


def _code(summary: Summary) -> Exit:
    if any(summary.differences.values()):
        return Exit.FAILED
    return Exit.UNREACHED if summary.unread_wallets else Exit.OK
