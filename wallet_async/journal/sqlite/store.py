"""The journal in a file: one process, one thread, one connection."""

from __future__ import annotations

import asyncio
import os
import warnings
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wallet_async.engine import process
from wallet_async.journal.checksum import Damaged
from wallet_async.journal.entry import Entry, State
from wallet_async.journal.errors import JournalError
from wallet_async.journal.inbox import Received
from wallet_async.journal.sqlite import file, inbox, pruning, rows
from wallet_async.journal.sqlite.batch import Work
from wallet_async.journal.sqlite.worker import Worker
from wallet_async.journal.states import may_record

if TYPE_CHECKING:
    from wallet_async.journal.store import Store


class SqliteStore:
    """A `Store` in an SQLite file that this process has for itself.

    What a method has returned is on the disk (WAL, ``synchronous=FULL``); operations that wait at the same time share
    one commit. Made by `open`, closed by `aclose`, used in the event loop it was opened in.

    Example:
        >>> async def main() -> None:
        ...     store = await SqliteStore.open("journal.db")
        ...     try:
        ...         await store.load("rehook", "order-1847")
        ...     finally:
        ...         await store.aclose()
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path).absolute()
        self._process = process.current()
        self._loop = asyncio.get_running_loop()
        self._closed = False
        self._worker = Worker(self._path, self._loop)

    @classmethod
    async def open(cls, path: str | os.PathLike[str]) -> SqliteStore:
        """Open the journal at *path*, or make it there, for this process alone.

        Raises:
            JournalInUseError: Another process has it open, or another store in this one.
            JournalError: It is not a journal, or one that is damaged, newer than this library or open to others.
        """
        store = cls(path)
        try:
            await store._worker.put(_nothing)
        except BaseException:
            await store.aclose()  # cancelled or refused: the file is given back before anybody hears of it
            raise
        return store

    @property
    def restored(self) -> bool:
        """Whether entries may be missing; `wallet_async.journal.sqlite.mark` says what is noticed."""
        return self._worker.restored

    async def load(self, service: str, reference: str) -> Entry | None:
        """Give the entry of a reference, or None."""
        entry: Entry | None = await self._put(partial(rows.load, service=service, reference=reference))
        return entry

    async def claim(self, entry: Entry) -> Entry:
        """Write *entry* if nobody was before it, and give what stands there now."""
        standing: Entry = await self._put(partial(rows.claim, entry=entry))
        return standing

    async def receive(self, event: Received, entry: Entry) -> Received:
        """Write *event* and its *entry* if it has not come before, and give what stands for it now."""
        standing: Received = await self._put(partial(inbox.receive, event=event, entry=entry))
        return standing

    async def record(
        self,
        entry: Entry,
        state: State,
        *,
        now: int,
        receipt: str | None = None,
        reason: str | None = None,
    ) -> bool:
        """Make *entry* become *state* if it still is what it was, and say whether it was."""
        if not may_record(entry.state, state):
            raise ValueError(f"an entry that is {entry.state} is not recorded as {state}")
        done: bool = await self._put(
            partial(rows.record, entry=entry, state=state, now=now, receipt=receipt, reason=reason)
        )
        return done

    async def unsettled(self, service: str, *, now: int, limit: int) -> Sequence[Entry | Damaged]:
        """Give entries in doubt, or being sent for too long; the oldest first."""
        entries: list[Entry | Damaged] = await self._put(partial(rows.unsettled, service=service, now=now, limit=limit))
        return entries

    async def listed(
        self, service: str | None, states: Sequence[State], *, after: tuple[str, str] | None, limit: int
    ) -> Sequence[Entry | Damaged]:
        """Give entries in these states, in order of service and reference, from behind *after* on."""
        entries: list[Entry | Damaged] = await self._put(
            partial(rows.listed, service=service, states=states, after=after, limit=limit)
        )
        return entries

    async def later(self, entry: Entry, *, holding: Sequence[str], until: int) -> Entry | None:
        """Give the newest entry applied by *until* that was sent after *entry* and whose movement holds these texts."""
        newest: Entry | None = await self._put(partial(rows.later, entry=entry, holding=holding, until=until))
        return newest

    async def count(self) -> Mapping[tuple[str, State], int]:
        """Count the entries of each service in each state."""
        counts: Mapping[tuple[str, State], int] = await self._put(rows.count)
        return counts

    async def stale(
        self, states: Sequence[State], *, before: int, after: tuple[str, str] | None, limit: int
    ) -> Sequence[Entry | Damaged]:
        """Give entries in these states that are old and not pruned yet, from behind *after* on."""
        entries: list[Entry | Damaged] = await self._put(
            partial(pruning.stale, states=states, before=before, after=after, limit=limit)
        )
        return entries

    async def prune(self, entries: Sequence[Entry]) -> int:
        """Take away of *entries* what is not to be left, and say of how many."""
        pruned: int = await self._put(partial(pruning.prune, entries=entries))
        self._worker.pruned = self._worker.pruned or pruned > 0
        return pruned

    async def set_restored(self, restored: bool) -> None:
        """Take it from now on that entries may be missing, or that none is."""
        await self._put(partial(file.set_restored, restored=restored))
        self._worker.restored = restored

    async def aclose(self) -> None:
        """Finish what was begun, bring it into one file, and end the thread. In a forked child: do nothing."""
        if self._process is not process.current():
            return  # its thread is not here; what it held stays held, so the parent's log is not tidied away
        self._stop()
        await asyncio.shield(self._worker.ended)
        self._worker.join()

    async def _put(self, work: Work) -> Any:
        if self._closed:
            raise JournalError(f"{self._path}: the journal is closed")
        if self._process is not process.current():
            raise JournalError(f"{self._path}: the journal was opened before a fork; open it in the child")
        if self._loop is not asyncio.get_running_loop():
            raise JournalError(f"{self._path}: the journal was opened in another event loop")
        return await self._worker.put(work)

    def _stop(self) -> None:
        if not self._closed:
            self._closed = True
            self._worker.stop()

    def __del__(self) -> None:
        if not getattr(self, "_closed", True) and self._process is process.current():
            self._stop()
            warnings.warn(f"unclosed journal {self._path}", ResourceWarning, source=self, stacklevel=2)


def _nothing(db: object) -> None:
    """Touch nothing: the worker opens the file for it."""


if TYPE_CHECKING:

    def _conforms(store: SqliteStore) -> Store:
        return store
