"""`Journal`: opened once, given to as many sessions as use it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from secrets import token_hex
from types import TracebackType
from typing import Any, Self, get_args

from attrs import evolve

from wallet_async.engine.checks import reject
from wallet_async.engine.errors import InvalidInputError
from wallet_async.engine.once import Books
from wallet_async.engine.report import Reporter
from wallet_async.engine.session import WalletSession
from wallet_async.journal import pruning
from wallet_async.journal.address import parts
from wallet_async.journal.checksum import Damaged
from wallet_async.journal.deciding import Decision, follow
from wallet_async.journal.entry import Entry, State
from wallet_async.journal.errors import JournalError
from wallet_async.journal.history import History
from wallet_async.journal.once import Once
from wallet_async.journal.pruning import Pruned
from wallet_async.journal.resolver import Resolver
from wallet_async.journal.settling import Settling
from wallet_async.journal.store import Store

_PAGE = 500
"""Entries asked of the store at once."""


def _now() -> int:
    return time.time_ns() // 1000


class Journal:
    """Makes credits and debits once for their reference: give it to a session as ``journal=``.

    Example:
        ```python
        async with await Journal.open("sqlite:///journal.db") as journal:
            async with RehookSession(api_key, secret_key, journal=journal) as rehook:
                await rehook.credit("krishna123", "waty_Xbg", 20, reference="order-1847")
        ```
    """

    def __init__(
        self,
        store: Store,
        settling: Settling | None = None,
        *,
        clock: Callable[[], int] = _now,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._settling = settling or Settling()
        self._clock = clock
        self._monotonic = monotonic
        self._sleep = sleep
        self._owner = token_hex(8)

    @classmethod
    async def open(cls, url: str, *, settling: Settling | None = None) -> Self:
        """Open the journal that *url* names.

        Args:
            url: ``sqlite:///relative/file.db`` or ``sqlite:////absolute/file.db`` for one process;
                ``postgresql://…`` for several (extra ``[postgres]``).
            settling: What is believed of the provider when something is in doubt; None for the defaults of `Settling`.

        Raises:
            InvalidInputError: It names none, or *settling* is no `Settling`.
            JournalInUseError: Another process has the file open.
            JournalError: It cannot be opened.
        """
        dialect, place = parts(url)
        if settling is not None and not isinstance(settling, Settling):
            raise reject("settling", settling, "a Settling")
        if dialect == "sqlite":
            from wallet_async.journal.sqlite import SqliteStore  # noqa: PLC0415 - of the two, only one is needed

            return cls(await SqliteStore.open(place), settling)
        from wallet_async.journal.postgres import PostgresStore  # noqa: PLC0415 - its driver is an extra

        return cls(await PostgresStore.open(place), settling)

    @property
    def restored(self) -> bool:
        """Whether entries may be missing, since the journal was put back from a backup, or copied."""
        return self._store.restored

    async def entry(self, service: str, reference: str) -> Entry | None:
        """Give what is known of a reference, or None.

        Raises:
            JournalError: The journal cannot be read.
        """
        return await self._store.load(service, reference)

    async def entries(
        self, service: str | None = None, states: Sequence[State] = get_args(State)
    ) -> AsyncIterator[Entry]:
        """Read the entries of one provider, or of all, that are in these states; in order of service and reference.

        Raises:
            JournalError: The journal cannot be read; or some entries are damaged, and all others have been read.
        """
        after, damaged = None, list[Damaged]()
        while page := await self._store.listed(service, states, after=after, limit=_PAGE):
            for entry in page:
                if isinstance(entry, Entry):
                    yield entry
                else:
                    damaged.append(entry)
            after = (page[-1].service, page[-1].reference)
        _refuse(damaged)

    async def count(self) -> Mapping[tuple[str, State], int]:
        """Count the entries by service and state.

        Raises:
            JournalError: The journal cannot be read.
        """
        return await self._store.count()

    async def decide(self, service: str, reference: str, *, booked: bool, reason: str) -> Entry:
        """Write down what a person has found out about a movement that is in doubt.

        If it was booked, nothing is ever sent under its reference again: its receipt comes from the provider's history,
        or else `PrunedError`. If it was not, the next call looks once more in the history, and sends.

        Args:
            service: The provider, such as ``"rehook"``.
            reference: The reference of the credit or debit.
            booked: Whether it was.
            reason: How the person knows; it is kept with the entry.

        Returns:
            The entry as it is now.

        Raises:
            InvalidInputError: It is not in doubt, or an argument does not fit; or *booked* is False, and the provider
                may still book it (`Settling`).
            JournalError: The journal cannot be read or written.
        """
        decision = Decision(booked=booked, reason=reason)
        while True:  # if it was settled meanwhile, the next look says as what
            entry = await self._store.load(service, reference)
            if entry is None:
                raise InvalidInputError(f"the journal knows no reference {reference!r} at {service!r}")
            now = self._clock()
            state, why = follow(entry, decision, now, self._settling)
            if await self._store.record(entry, state, now=now, reason=why) and state != "in_doubt":
                return evolve(entry, state=state, updated_at=now, reason=why)

    async def prune(self, before: datetime, *, dry_run: bool = False) -> Pruned:
        """Take away what entries say that are settled, and were last updated before *before*.

        One that is booked keeps its reference for ever: asked for again, it sends nothing, and its receipt comes from
        the provider's history, or else `PrunedError`. One of which nothing was booked is removed.

        Args:
            before: A time with a zone, at least 30 days ago.
            dry_run: Only count.

        Raises:
            InvalidInputError: *before* is not one.
            JournalError: The journal cannot be read or written; or some entries are damaged: they stay as they are, and
                all others have been pruned.
        """
        limit = pruning.limit(before, datetime.fromtimestamp(self._clock() / 1e6, UTC))
        damaged: list[Damaged] = []
        pruned = Pruned(
            emptied=await self._prune(pruning.BOOKED, limit, damaged, dry_run=dry_run),
            removed=await self._prune(pruning.NOT_BOOKED, limit, damaged, dry_run=dry_run),
        )
        _refuse(damaged)
        return pruned

    async def _prune(self, states: Sequence[State], before: int, damaged: list[Damaged], *, dry_run: bool) -> int:
        """Prune page by page, so that nobody waits for long in between."""
        pruned, after = 0, None
        while page := await self._store.stale(states, before=before, after=after, limit=_PAGE):
            entries = [entry for entry in page if isinstance(entry, Entry)]
            damaged += [entry for entry in page if isinstance(entry, Damaged)]
            pruned += len(entries) if dry_run else await self._store.prune(entries)
            after = (page[-1].service, page[-1].reference)
        return pruned

    async def declare_restored(self) -> None:
        """Take it from now on that entries may be missing, since the journal was put back from a backup, or copied.

        Every movement is then looked up in the whole history before it is sent, by every process that uses the journal.
        For what is not noticed by itself: a PostgreSQL server, or a whole disk. Do it before anything is sent again.

        Raises:
            JournalError: The journal cannot be written.
        """
        await self._store.set_restored(True)

    async def accept_restored(self) -> None:
        """Take it from now on that no entry is missing, though the journal was put back from a backup, or copied.

        **What is given up:** movements are sent without a look in the history, and one whose entry is missing after all
        is booked twice. So it is for when nothing will be asked for again that was asked for between the backup and its
        return.

        Raises:
            JournalError: The journal cannot be written.
        """
        await self._store.set_restored(False)

    def resolver(self, session: WalletSession) -> Resolver:
        """Make what settles by the histories of *session* when its `Resolver.sweep` is called, and not by itself.

        *session* is one without ``journal=``: one with it settles in the background already.
        """
        return session.hand_over(self._resolver)

    def attach(self, reporter: Reporter, movement: type[Any], books: Callable[[Any], Books[Any]]) -> Once:
        """Make what one session uses; a session calls this."""
        resolver = self._resolver(reporter, movement, books)
        return Once(self._store, self._owner, reporter, books, self._clock, resolver)

    def _resolver(self, reporter: Reporter, movement: type[Any], books: Callable[[Any], Books[Any]]) -> Resolver:
        return Resolver(
            self._store,
            reporter,
            History(movement, books),
            self._settling,
            clock=self._clock,
            monotonic=self._monotonic,
            sleep=self._sleep,
        )

    async def aclose(self) -> None:
        """Write what is still to be written, and close; sessions that use it are closed before."""
        await self._store.aclose()

    async def __aenter__(self) -> Self:
        """Give the journal."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        await self.aclose()


def _refuse(damaged: Sequence[Damaged]) -> None:
    if damaged:
        others = f" (and {len(damaged) - 1} more)" if len(damaged) > 1 else ""
        raise JournalError(f"{damaged[0].message}{others}")
