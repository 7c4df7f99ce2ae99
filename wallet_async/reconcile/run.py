"""`reconcile`: own ledger against the provider's history, from the first row read to the last difference written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import monotonic

import anyio.to_thread
from attrs import asdict, evolve, frozen

from wallet_async.engine import checks
from wallet_async.engine.errors import InvalidInputError
from wallet_async.engine.session import WalletSession
from wallet_async.journal import Journal
from wallet_async.provider import load_provider
from wallet_async.reconcile.chunks import Job
from wallet_async.reconcile.database import require_extra
from wallet_async.reconcile.ledger import LedgerSource, Reading, read_ledger, read_wallets
from wallet_async.reconcile.linking import link
from wallet_async.reconcile.matching import MEMORY, Sides, match
from wallet_async.reconcile.model import Rules
from wallet_async.reconcile.repair.plan import read_plan
from wallet_async.reconcile.report import Timing
from wallet_async.reconcile.result import Result
from wallet_async.reconcile.running import Local, OnStanding, Runner, work_of
from wallet_async.reconcile.standing import Standing
from wallet_async.reconcile.state import Progress, State
from wallet_async.reconcile.wallets import figures, line_without_time, write_wallets

_MEMORY = re.compile(r"\d+ ?[MG]B")


def _memory(text: str) -> str:
    if not isinstance(text, str) or not _MEMORY.fullmatch(text):
        raise checks.reject("memory", text, "megabytes or gigabytes, such as '1500MB' or '4GB'")
    return text


def _ignore(_: object) -> None:
    """Hear nothing."""


async def reconcile(
    source: WalletSession | Runner,
    ledger: LedgerSource,
    *,
    state: str | Path,
    wallets: LedgerSource | None = None,
    reading: Reading | None = None,
    rules: Rules | None = None,
    balances: bool = True,
    concurrency: int = 50,
    applied: Sequence[str | Path] = (),
    journal: Journal | None = None,
    restart: bool = False,
    memory: str = MEMORY,
    on_standing: OnStanding = _ignore,
) -> Result:
    """Compare the own ledger with the provider's histories of every wallet in it.

    The ledger is read and checked before the first request leaves. Whatever ends the run, cancellation and SIGKILL
    included, the same call goes on where it was, and ends with the same result; once it has ended, the same call
    begins anew. Wallets that could not be read are told in the summary, and are read again by the next call.

    Args:
        source: An open session with the provider; or a runner, for several processes or machines.
        ledger: The own ledger.
        wallets: Wallets to read besides those of the ledger, in columns named as in it.
        state: A folder for what has been read so far. It is made if it is not there, and belongs to one run.
        reading: Which columns mean what.
        rules: How the sides are compared.
        balances: Whether each wallet's balance is asked for and compared with the sum of its history. It takes a
            request a wallet more, where histories do not ask for it anyway.
        concurrency: Wallets read at once, in each process.
        applied: Plans of earlier runs (`Result.plan`) that were applied: what they mended is no difference.
        journal: Tells of movements that are in doubt or were settled.
        restart: Begin anew, whatever is in *state*.
        memory: What the comparison may hold in memory, such as ``"1500MB"`` for ten million rows a side; the rest goes
            to files. The process holds some 100 MB besides.
        on_standing: Called twice a second with how far the reading is.

    Raises:
        InvalidInputError: The ledger cannot be read, or *state* belongs to another run; nothing was sent.
        AuthenticationError: The credentials are wrong.
        TransportError: The provider is out of reach.
    """
    runner = Local(source, load_provider(source.service)) if isinstance(source, WalletSession) else source
    run = _Run(
        state=State(Path(state)),
        runner=runner,
        ledger=ledger,
        wallets=wallets,
        reading=reading or Reading(),
        rules=rules or Rules(),
        balances=balances,
        concurrency=checks.count("concurrency", concurrency),
        memory=_memory(memory),
        plans=tuple(map(Path, applied)),
        journal=journal,
    )
    return await run.whole(restart=restart, on_standing=on_standing)


@frozen(kw_only=True)
class _Run:
    """One run, in its three parts."""

    state: State
    runner: Runner
    ledger: LedgerSource
    wallets: LedgerSource | None
    reading: Reading
    rules: Rules
    balances: bool
    concurrency: int
    memory: str
    plans: tuple[Path, ...]
    journal: Journal | None

    async def whole(self, *, restart: bool, on_standing: OnStanding) -> Result:
        """Do one part after the other; what can be refused is refused before the first."""
        require_extra()
        for plan in self.plans:
            read_plan(plan, self.runner.provider)
        with self.state.held():
            progress = await self.read_ledger(restart=restart)
            progress = await self.read_histories(progress, on_standing)
            return await self.compare(progress)

    @property
    def job(self) -> Job:
        """What is read of each wallet: from a window before `Rules.since` on, where partners of later rows may lie."""
        since = None if self.rules.since is None else self.rules.since - self.rules.window
        return Job(
            provider=self.runner.provider.name, since=since, balances=self.balances, concurrency=self.concurrency
        )

    async def read_ledger(self, *, restart: bool) -> Progress:
        """Read the ledger, unless an earlier session has."""
        state, job = self.state, self.job
        asked = {
            "ledger": self.ledger.fingerprint(),
            "wallets": self.wallets and self.wallets.fingerprint(),
            "reading": asdict(self.reading),
            "provider": job.provider,
            "place": self.runner.place,
            "since": job.since,
            "balances": job.balances,
        }
        progress = state.begin(asked, datetime.now(UTC), restart=restart)
        if progress.read_at is None:
            read_at = self.ledger.as_of() or datetime.now(UTC)
            await read_ledger(self.ledger, self.reading, self.runner.provider, state.ledger, state.spill)
            if self.wallets is not None:
                await read_wallets(self.wallets, self.reading, self.runner.provider, state.listed, state.spill)
            listed = state.listed if self.wallets else None
            await anyio.to_thread.run_sync(write_wallets, state.ledger, listed, state.wallets, state.spill)
            await anyio.to_thread.run_sync(self._check_ledger)
            progress = evolve(progress, read_at=read_at)
            state.save(progress)
        return progress

    def _check_ledger(self) -> None:
        """Refuse a ledger of which nothing could be said.

        Raises:
            InvalidInputError: It names no wallet, or its rows have no times although only some are to be judged.
        """
        found = figures(self.state.wallets, self.state.spill)
        if not found.wallets:
            raise InvalidInputError("the ledger has no rows, and no wallets are listed beside it: nothing to compare")
        if self.rules.since is None and self.rules.until is None:
            return
        line = line_without_time(self.state.ledger, self.state.spill)
        if line is not None:
            raise InvalidInputError(f"since and until need the time of every row; line {line} of the ledger has none")

    async def read_histories(self, progress: Progress, on_standing: OnStanding) -> Progress:
        """Read what has no shard yet; what it took is kept, also of a session that is stopped."""
        state = self.state
        await anyio.to_thread.run_sync(state.drop_unread)
        work = await anyio.to_thread.run_sync(work_of, state, self.job)
        begun, last = monotonic(), None

        def listen(standing: Standing) -> None:
            nonlocal last
            last = standing
            on_standing(standing)

        try:
            await self.runner.run(work, listen)
        finally:
            requests = progress.requests + (last.requests if last else 0)
            progress = evolve(progress, requests=requests, seconds=progress.seconds + monotonic() - begun)
            state.save(progress)
        return progress

    async def compare(self, progress: Progress) -> Result:
        """Compare what was read."""
        state, provider = self.state, self.runner.provider
        assert progress.read_at is not None  # noqa: S101 - it has been read by now
        summary = await anyio.to_thread.run_sync(
            partial(
                match,
                Sides(ledger=state.ledger, history=state.history, applied=self.plans),
                self.rules,
                provider=provider,
                read_at=progress.read_at,
                into=state.differences,
                spill=state.spill,
                memory=self.memory,
            )
        )
        wallets = await anyio.to_thread.run_sync(figures, state.wallets, state.spill)
        if summary.wallets != wallets.wallets:
            raise RuntimeError(f"{summary.wallets} of {wallets.wallets} wallets were compared")
        if self.journal is not None:
            await link(state.differences, self.journal, provider.name, state.spill)
        state.save(evolve(progress, finished=not summary.unread_wallets))
        timing = Timing(
            started_at=progress.started_at,
            seconds=progress.seconds,
            sessions=progress.sessions,
            requests=progress.requests,
        )
        return Result(
            summary=summary,
            timing=timing,
            rules=self.rules,
            state=state,
            provider=provider,
            linked=self.journal is not None,
        )
