"""`PostgresStore`: each thing it does is one statement, committed on its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Self, TypeVar
from weakref import WeakValueDictionary

from attrs import evolve

from wallet_async.engine import process
from wallet_async.journal.checksum import Damaged, checksum_after
from wallet_async.journal.entry import Entry, State
from wallet_async.journal.errors import JournalError
from wallet_async.journal.inbox import Received
from wallet_async.journal.postgres import inbox, sql
from wallet_async.journal.postgres.connecting import connected, open_pool
from wallet_async.journal.postgres.driver import FAULTS, fault, undone
from wallet_async.journal.postgres.schema import check_installed
from wallet_async.journal.states import may_record

T = TypeVar("T")


class PostgresStore:
    """Keeps entries in PostgreSQL, in the schema ``wallet_async`` of the database that the URL names.

    Each thing it does is one statement and commits by itself. If the connection breaks before the answer, nobody knows
    whether the statement was done; it is then given once more, on another connection. That is safe, since each of them
    does something once only, and true, since the second waits for a first that is still at work, and leaves nothing to
    do for one that has not begun. Looking at the row would be neither: it may be written a moment later.

    A caller that is cancelled leaves alone: what it asked for is done to its end, a claim before what is recorded of
    it, and `aclose` waits for that.

    A backup of a server is its administrator's: that it was put back has to be told with `set_restored`, and each
    process learns it with the next entry that it loads.
    """

    def __init__(self, pool: Any, patience: float) -> None:
        self._pool = pool
        self._patience = patience
        self.restored: bool = False
        """Whether entries may be missing, as of the last `load`."""
        self._process = process.current()
        self._loop = asyncio.get_running_loop()
        self._begun: set[asyncio.Task[Any]] = set()
        self._turns: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()
        self._closed = False

    @classmethod
    async def open(cls, url: str, *, connections: int = 8, patience: float = 5.0) -> Self:
        """Open the journal of a database.

        Args:
            url: ``postgresql://user:password@host:port/database``, with ``?sslmode=verify-full`` and the like.
            connections: How many it opens at most.
            patience: Seconds to wait for a new connection, and for a lock; a statement may take a second more. Where no
                answer comes for two seconds more, the connection counts as broken.

        Raises:
            JournalError: It cannot be reached, does not let us in, or holds no journal of this release.
        """
        async with connected(url, patience) as connection:
            await check_installed(connection)
            restored = await connection.fetchval(sql.RESTORED)
        store = cls(await open_pool(url, patience, connections), patience)
        store.restored = restored
        return store

    async def load(self, service: str, reference: str) -> Entry | None:
        """Give the entry of a reference, or None."""
        rows, _ = await self._finish(lambda: self._ask(sql.LOOK_UP, service, reference))
        self.restored, entry = sql.looked_up(rows[0])
        return entry

    async def claim(self, entry: Entry) -> Entry:
        """Write *entry* if nobody was before it, and give what stands there."""
        return await self._finish(lambda: self._claim(entry))

    async def receive(self, event: Received, entry: Entry) -> Received:
        """Write *event* and its *entry* if it has not come before, and give what stands for it."""
        return await self._finish(lambda: self._receive(event, entry))

    async def record(
        self,
        entry: Entry,
        state: State,
        *,
        now: int,
        receipt: str | None = None,
        reason: str | None = None,
    ) -> bool:
        """Make *entry* become *state* if it still is what it was."""
        if not may_record(entry.state, state):
            raise ValueError(f"{entry.state!r} does not become {state!r}")
        return await self._finish(lambda: self._record(entry, state, now, receipt, reason))

    async def unsettled(self, service: str, *, now: int, limit: int) -> Sequence[Entry | Damaged]:
        """Give entries in doubt or overdue, oldest first."""
        return await self._finish(lambda: self._entries(sql.UNSETTLED, service, now, limit))

    async def listed(
        self, service: str | None, states: Sequence[State], *, after: tuple[str, str] | None, limit: int
    ) -> Sequence[Entry | Damaged]:
        """Give entries in these states, from behind *after* on."""
        place = after or ("", "")
        return await self._finish(lambda: self._entries(sql.LISTED, service, list(states), *place, limit))

    async def later(self, entry: Entry, *, holding: Sequence[str], until: int) -> Entry | None:
        """Give the newest entry applied by *until* that was sent after *entry* and whose movement holds these texts."""
        asked = (entry.service, entry.sent_at, until, list(holding))
        found = await self._finish(lambda: self._entries(sql.LATER, *asked))
        newest = found[0] if found else None
        return None if isinstance(newest, Damaged) else newest

    async def count(self) -> Mapping[tuple[str, State], int]:
        """Count the entries of each service in each state."""
        rows, _ = await self._finish(lambda: self._ask(sql.COUNT))
        return {(service, state): number for service, state, number in rows}

    async def stale(
        self, states: Sequence[State], *, before: int, after: tuple[str, str] | None, limit: int
    ) -> Sequence[Entry | Damaged]:
        """Give entries in these states that are old and not pruned yet, from behind *after* on."""
        place = after or ("", "")
        return await self._finish(lambda: self._entries(sql.STALE, list(states), before, *place, limit))

    async def prune(self, entries: Sequence[Entry]) -> int:
        """Take away of *entries* what is not to be left, and say of how many."""
        rows, _ = await self._finish(lambda: self._ask(sql.PRUNE, *sql.pruned(entries)))
        return int(rows[0][0])

    async def set_restored(self, restored: bool) -> None:
        """Take it from now on, in every process, that entries may be missing, or that none is."""
        await self._finish(lambda: self._ask(sql.DECLARE if restored else sql.ACCEPT))
        self.restored = restored

    async def aclose(self) -> None:
        """Finish what was begun, and close the connections. In a forked child: do nothing, they are its parent's."""
        if self._process is not process.current():
            return
        self._closed = True
        while self._begun:
            await asyncio.wait(self._begun)
        try:
            async with asyncio.timeout(self._patience):
                await self._pool.close()
        except FAULTS:
            self._pool.terminate()

    async def _claim(self, entry: Entry) -> Entry:
        async with self._turn(entry):
            rows, _ = await self._ask(sql.CLAIM, *sql.claimed(entry))
        if rows:
            return sql.entry_of(rows[0])
        # If a first statement was lost and done after all, this is our own.
        found = await self._load(entry.service, entry.reference)
        if found is None:
            raise JournalError(
                f"the entry of reference {entry.reference!r} is gone, and attempt {entry.attempt} has none"
            )
        return found

    async def _receive(self, event: Received, entry: Entry) -> Received:
        rows, _ = await self._ask(inbox.RECEIVE, *inbox.arguments(event, entry))
        if not rows:  # it has come before; if a first statement was lost and done after all, this is our own
            rows, _ = await self._ask(inbox.LOAD, event.service, event.source, event.event_id)
        if not rows:
            raise JournalError(f"event {event.event_id!r} was deleted in the same moment")
        return inbox.event_of(rows[0])

    async def _record(self, entry: Entry, state: State, now: int, receipt: str | None, reason: str | None) -> bool:
        key = (entry.service, entry.reference)
        old = (entry.state, entry.attempt, entry.owner, entry.sent_at)
        new = (state, now, receipt, reason, checksum_after(entry, state, now, receipt, reason))
        async with self._turn(entry):
            rows, again = await self._ask(sql.RECORD, *key, *old, *new)
        if rows or not again:
            return bool(rows)
        became = evolve(entry, state=state, updated_at=now, receipt=receipt, reason=reason)
        return await self._load(*key) == became

    async def _load(self, service: str, reference: str) -> Entry | None:
        rows, _ = await self._ask(sql.LOAD, service, reference)
        return sql.entry_of(rows[0]) if rows else None

    async def _entries(self, query: str, *arguments: object) -> Sequence[Entry | Damaged]:
        rows, _ = await self._ask(query, *arguments)
        return [sql.found(row) for row in rows]

    def _turn(self, entry: Entry) -> asyncio.Lock:
        """Give what keeps a claim and the records of an entry in order: on two connections the later may be first.

        Else a claim whose caller was cancelled could land behind the word that nothing has left.
        """
        return self._turns.setdefault((entry.service, entry.reference), asyncio.Lock())

    async def _finish(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Do *work* to its end, whether or not the caller waits for it."""
        if self._closed:
            raise JournalError("the journal is closed")
        if self._process is not process.current():
            raise JournalError("the journal was opened before a fork; open it in the child")
        if self._loop is not asyncio.get_running_loop():
            raise JournalError("the journal was opened in another event loop")
        task = asyncio.create_task(work())
        self._begun.add(task)
        task.add_done_callback(self._begun.discard)
        return await asyncio.shield(task)

    async def _ask(self, query: str, *arguments: object) -> tuple[Sequence[Any], bool]:
        """Run a statement, and say whether it may have been given twice because the first answer was lost."""
        for again in (False, True):
            connection, broken = None, False
            try:
                connection = await self._pool.acquire()
                return await connection.fetch(query, *arguments), again
            except FAULTS as error:
                failed, broken = fault(error), not undone(error)
            finally:
                await self._give_back(connection, broken)
            if not broken:
                break
            await self._pool.expire_connections()  # those beside it may be broken, too
        raise failed

    async def _give_back(self, connection: Any, broken: bool) -> None:
        if connection is None:
            return
        try:
            if broken:
                connection.terminate()
            await self._pool.release(connection)
        except FAULTS:
            pass  # it broke, and its pool has it back already; what it answered before still holds
