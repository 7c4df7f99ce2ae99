"""One chunk: the histories of its wallets, read under one bound, become one shard. It may be done again at any time."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import anyio.to_thread
from attrs import define, field

from wallet_async.engine.bulk import Done
from wallet_async.engine.errors import AuthenticationError, NotFoundError, TransportError, WalletError
from wallet_async.engine.progress import Progress
from wallet_async.engine.session import WalletSession
from wallet_async.provider import Provider, WalletFacts
from wallet_async.reconcile.budget import history_requests
from wallet_async.reconcile.chunks import Chunk, Job
from wallet_async.reconcile.model import wallet_parts
from wallet_async.reconcile.shard import ShardWriter, Statement

_READINGS = 3
"""Times a wallet is read whose balance is not the sum of its history: a movement may come between the two answers."""

_PROOF = 10
"""Wallets that have to fail one and all before the provider is held to be out of reach."""


@define
class Tally:
    """What has been read so far, for whoever shows it."""

    wallets: int = 0
    """Of chunks that have ended, and of those under way."""
    rows: int = 0
    failed: int = 0

    def listen(self) -> Callable[[Progress], None]:
        """Make a listener of one bulk run that counts its wallets as they are done."""
        seen = 0

        def on_progress(progress: Progress) -> None:
            nonlocal seen
            now = progress.done + progress.failed
            self.wallets += now - seen
            seen = now

        return on_progress


async def read_chunk(
    session: WalletSession, provider: Provider, chunk: Chunk, job: Job, *, into: Path, tally: Tally | None = None
) -> None:
    """Read the histories of a chunk's wallets and write them to *into*, a Parquet file, whole or not at all.

    A wallet that cannot be read has its error in the shard; the others are read all the same.

    Args:
        session: An open session with *provider*.
        provider: Whose wallets they are.
        chunk: Which wallets.
        job: What is asked of each.
        into: The shard; its folder has to be there.
        tally: Counts along.

    Raises:
        AuthenticationError: The credentials are wrong: no wallet could be read.
        TransportError: The provider is out of reach: no wallet could be read.
    """
    folder = Path(tempfile.mkdtemp(prefix=f".chunk-{chunk.number}-", dir=into.parent))
    try:
        with ShardWriter(folder) as writer:
            reading = _Reading(session, provider, job, writer, tally or Tally())
            statements = await reading.read(chunk.wallets)
            await anyio.to_thread.run_sync(writer.finish, statements, into)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@define
class _Reading:
    """Reads the wallets of one chunk."""

    _session: Any
    _provider: Provider
    _job: Job
    _writer: ShardWriter
    _tally: Tally
    _statements: dict[str, Statement] = field(factory=dict)
    _errors: dict[str, WalletError] = field(factory=dict)

    async def read(self, wallets: Sequence[str]) -> Mapping[str, Statement]:
        self._statements = {wallet: Statement() for wallet in wallets}
        keys: dict[str, Hashable] = {wallet: self._provider.wallet_key(wallet_parts(wallet)) for wallet in wallets}
        for number in range(_READINGS):
            await self._read(keys, number)
            keys = {wallet: key for wallet, key in keys.items() if self._differs(wallet)}
            if not keys:
                break
        _give_up_if_hopeless(wallets, self._errors)
        for wallet, error in self._errors.items():
            self._statements[wallet].error = str(error)
        self._tally.failed += len(self._errors)
        return self._statements

    async def _read(self, keys: Mapping[str, Hashable], number: int) -> None:
        """Read each wallet once: what the provider says of it, then its history."""
        for wallet in keys:
            last = self._statements[wallet]
            self._statements[wallet] = Statement(reading=number, known=last.known, requests=last.requests)
        known = await self._look_up(keys) if self._job.balances else keys
        names = {key: wallet for wallet, key in known.items()}
        run = self._session.scan_pages(
            names,
            concurrency=self._job.concurrency,
            since=self._job.since,
            on_progress=self._tally.listen() if number == 0 else None,
        )
        async for result in run:
            wallet = names[result.item]
            if isinstance(result, Done):
                self._take(wallet, number, result.value.items)
            else:
                self._fail(wallet, result.error)
        lookups = 1 if self._job.balances else self._provider.walk_lookups
        for wallet in keys:
            statement = self._statements[wallet]
            statement.requests += 1 if statement.known is False else lookups + history_requests(statement.rows)

    async def _look_up(self, keys: Mapping[str, Hashable]) -> Mapping[str, Hashable]:
        """Ask what the provider says of wallets; give those it knows, as a walk takes them."""
        names = {key: wallet for wallet, key in keys.items()}
        found: dict[str, Hashable] = {}
        asked = self._session.map(
            partial(self._provider.facts, self._session), names, concurrency=self._job.concurrency
        )
        async for result in asked:
            wallet = names[result.item]
            if not isinstance(result, Done):
                self._fail(wallet, result.error)
                self._tally.wallets += 1  # it is not read any further
                continue
            facts: WalletFacts = result.value
            statement = self._statements[wallet]
            statement.known, statement.balance = facts.known, facts.balance
            if facts.known:
                found[wallet] = facts.wallet
            else:
                self._tally.wallets += 1
        return found

    def _take(self, wallet: str, number: int, transactions: Sequence[Any]) -> None:
        rows = [row for row in map(self._provider.row, transactions) if row is not None]
        self._writer.add(wallet, number, rows)
        statement = self._statements[wallet]
        statement.rows += len(rows)
        if statement.balance is not None:
            statement.total += sum((row.amount if row.kind == "credit" else -row.amount for row in rows), 0)
        if number == 0:
            self._tally.rows += len(rows)

    def _fail(self, wallet: str, error: WalletError) -> None:
        if isinstance(error, AuthenticationError):
            raise error
        statement = self._statements[wallet]
        if isinstance(error, NotFoundError) and not statement.rows:
            statement.known = False
        else:
            self._errors[wallet] = error

    def _differs(self, wallet: str) -> bool:
        """Whether a balance is not the sum of the history, which then may have grown between the two answers."""
        if self._job.since is not None or wallet in self._errors:
            return False  # not the whole history
        statement = self._statements[wallet]
        return statement.balance is not None and statement.balance != statement.total


def _give_up_if_hopeless(wallets: Sequence[str], errors: Mapping[str, WalletError]) -> None:
    """Raise what every wallet failed with, if that is that the provider cannot be reached."""
    if len(errors) == len(wallets) >= _PROOF and all(isinstance(error, TransportError) for error in errors.values()):
        raise next(iter(errors.values()))
