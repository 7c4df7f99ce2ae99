"""The demo from beginning to end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from attrs import frozen
from rich.console import Console

from wallet_async.cli import logs
from wallet_async.cli.console import standard_output
from wallet_async.cli.demo import report
from wallet_async.cli.demo.booking import Booking
from wallet_async.cli.demo.child import SandboxProcess, sandbox_process
from wallet_async.cli.demo.ledger import Ledger, generate, read
from wallet_async.cli.demo.reading import read_back
from wallet_async.cli.demo.screen import Screen
from wallet_async.cli.demo.verdict import judge
from wallet_async.cli.exits import Exit
from wallet_async.cli.running import run
from wallet_async.cli.sandbox import plan
from wallet_async.engine.errors import InvalidInputError
from wallet_async.engine.limits import Limits, Timeouts
from wallet_async.provider import Provider, load_provider, load_providers
from wallet_async.sandbox import FaultPlan

T = TypeVar("T")

_TIMEOUTS = Timeouts(total=3.0, attempt=1.0)
"""Seconds. Short, so that a provider that says nothing costs little of the demo's time."""

_UNSOUND = ("late", "lag")
"""Faults under which a movement that the history does not show may still be booked (see `booking`)."""


@frozen(kw_only=True)
class Play:
    """What is played, the same for each provider."""

    ledger: Ledger
    concurrency: int
    seed: int
    faults: str


def play(
    name: str,
    *,
    movements: int,
    wallets: int,
    concurrency: int,
    seed: int,
    path: Path | None,
    faults: str,
    debug: bool,
) -> Exit:
    """Play the demo with one provider, or one after another with all.

    Raises:
        InvalidInputError: An argument does not fit.
        CommandError: The sandbox does not start, or ends too early.
    """
    providers = list(load_providers().values()) if name == "all" else [load_provider(name)]
    for provider in providers:
        _check(plan(faults, seed, provider.sandbox()))
        logs.set_up(provider.name, debug=debug)
    ledger = generate(movements=movements, wallets=wallets, seed=seed) if path is None else read(path)
    played = Play(ledger=ledger, concurrency=concurrency, seed=seed, faults=faults)
    console = standard_output()
    outcomes = [run(_play(provider, played, console)) for provider in providers]
    agreed = all(outcome.agrees for outcome in outcomes)
    report.conclude(console, [provider.name for provider in providers], agreed=agreed)
    return Exit.OK if agreed else Exit.FAILED


def _check(faults: FaultPlan) -> None:
    for fault in faults.faults:
        if fault.kind in _UNSOUND:
            raise InvalidInputError(f"--faults: {fault.kind} is not for the demo: it could not tell late from never")


async def _play(provider: Provider, played: Play, console: Console) -> report.Outcome:
    wallets = len(played.ledger.wallets)
    async with sandbox_process(provider.name, wallets=wallets, faults=played.faults, seed=played.seed) as sandbox:
        report.announce(console, provider.name, played.ledger, sandbox.url, played.faults, played.seed)
        outcome = await _unless(sandbox.ended(), _book_and_compare(provider, played, sandbox, console))
    report.tell(console, outcome)
    return outcome


async def _book_and_compare(
    provider: Provider, played: Play, sandbox: SandboxProcess, console: Console
) -> report.Outcome:
    begun = time.perf_counter()
    ledger = played.ledger
    keys = dict(zip(ledger.wallets, sandbox.wallets, strict=True))
    session = provider.session(
        provider.sandbox_environ(sandbox.url), limits=Limits(max_in_flight=played.concurrency), timeouts=_TIMEOUTS
    )
    with Screen(console) as screen:
        async with session:
            booking = Booking(
                provider,
                session,
                ledger,
                keys,
                quiet=sandbox.quiet,
                concurrency=played.concurrency,
                screen=screen,
            )
            await booking.run()
            histories = await read_back(provider, session, keys, concurrency=played.concurrency, screen=screen)
    observed = await sandbox.observed()
    truth = await sandbox.truth()
    marks = {line.reference: provider.mark(line.reference) for line in ledger.lines}
    lines = ledger.by_wallet()
    return report.Outcome(
        ledger=ledger,
        tally=booking.tally,
        statistics=session.statistics(),
        faults=observed["faults"],
        verdicts=tuple(
            judge(name, ledger=lines[name], marks=marks, history=histories[name], truth=truth[key])
            for name, key in keys.items()
        ),
        seconds=time.perf_counter() - begun,
    )


async def _unless(end: Coroutine[Any, Any, None], work: Coroutine[Any, Any, T]) -> T:
    """Do *work*, but stop when *end* comes first: it raises the reason."""
    ending, working = asyncio.ensure_future(end), asyncio.ensure_future(work)
    try:
        await asyncio.wait({ending, working}, return_when=asyncio.FIRST_COMPLETED)
        if working.done() and not working.exception():
            return working.result()
        # What the work failed with may only be a consequence of the end.
        await asyncio.wait({ending}, timeout=0.2)
        if ending.done():
            ending.result()
        return await working
    finally:
        for task in (working, ending):
            task.cancel()
        await asyncio.gather(working, ending, return_exceptions=True)
