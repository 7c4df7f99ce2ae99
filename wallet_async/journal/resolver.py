"""Settles what is in doubt from the provider's history, beside the calls of a session; it never sends anything.

`settling` decides; this reads, writes and reports. Whatever a call records meanwhile stands: `Store.record` changes an
entry only if nobody else has.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from weakref import ReferenceType

from attrs import define, evolve, field, frozen

from wallet_async.engine.errors import WalletError
from wallet_async.engine.events import PersonNeededEvent, SettledEvent
from wallet_async.engine.once import Tally
from wallet_async.engine.report import Reporter
from wallet_async.journal import kept
from wallet_async.journal.audit import Audit
from wallet_async.journal.checksum import Damaged
from wallet_async.journal.entry import Entry, State
from wallet_async.journal.errors import JournalError
from wallet_async.journal.history import History, each
from wallet_async.journal.settling import (
    Applied,
    Ask,
    Doubt,
    Look,
    NotApplied,
    Settling,
    Verdict,
    Wait,
    provable,
    verdict,
)
from wallet_async.journal.store import Store

_log = logging.getLogger(__name__)

_PAGE = 100
"""Entries asked of the store at first."""
_STEP = 1_000_000
"""Microseconds that the clock may gain on the monotonic one between two sweeps; more is a step."""


@frozen(kw_only=True)
class Swept:
    """What one sweep found and did, in entries."""

    looked_at: int
    """Those whose time had come."""
    applied: int
    not_applied: int
    in_doubt: int
    """Those left in doubt, looked at or not."""
    need_person: int
    """Those of them that only a person can decide."""


@define
class _Case:
    """What is remembered of one attempt that is in doubt."""

    attempt: int
    looks: list[Look] = field(factory=list)
    receipt: str | None = None
    """Made from the row, if one was found."""
    due: int = 0
    """When to look again."""
    told: str | None = None
    """Why a person was told."""


class Resolver:
    """Settles the entries of one service."""

    def __init__(
        self,
        store: Store,
        reporter: Reporter,
        history: History,
        settling: Settling,
        *,
        clock: Callable[[], int],
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Make one.

        Args:
            store: Where the entries are.
            reporter: Tells what became of them; its service is the one that is settled.
            history: Says what the provider shows of an entry.
            settling: What is believed of the provider.
            clock: Gives microseconds since 1970.
            monotonic: Gives seconds of a clock that nobody puts forward or back.
            sleep: Waits so many seconds.
        """
        self.tally: Tally = Tally()
        """What has come of all sweeps."""
        self.audit: Audit = Audit(store, reporter, history, settling, clock)
        """Looks at what is settled already."""
        self.settling: Settling = settling
        self.sleep: Callable[[float], Awaitable[None]] = sleep
        self._store = store
        self._reporter = reporter
        self._history = history
        self._clock = clock
        self._monotonic = monotonic
        self._cases: dict[str, _Case] = {}
        self._damaged: set[Damaged] = set()
        self._gained: float | None = None
        self._stepped = 0

    async def sweep(self) -> Swept:
        """Look at every entry in doubt whose time has come, the oldest first.

        A history that cannot be read concludes nothing; the entry's turn comes again.

        Raises:
            JournalError: The journal cannot be read.
        """
        now = self._now()
        found = await self._unsettled(now)
        entries = [entry for entry in found if isinstance(entry, Entry)]
        self._tell_of_damage({entry for entry in found if isinstance(entry, Damaged)})
        cases = self._cases = {entry.reference: self._case(entry) for entry in entries}
        if await self.audit.check_marks(now):
            for case in cases.values():
                case.due = 0  # what was looked at before proves more now
        due = [entry for entry in entries if cases[entry.reference].due <= now]
        became = Counter(await each(due, lambda entry: self._settle(entry, cases[entry.reference])))
        await self.audit.look_again(now)
        swept = Swept(
            looked_at=len(due),
            applied=became["applied"],
            not_applied=became["not_applied"],
            in_doubt=len(found) - became["applied"] - became["not_applied"],
            need_person=sum(case.told is not None and case.receipt is None for case in cases.values())
            + len(self._damaged),
        )
        self.tally.settled += swept.applied + swept.not_applied
        self.tally.in_doubt, self.tally.need_person = swept.in_doubt, swept.need_person
        return swept

    def _now(self) -> int:
        """Read the clock, and notice if it was put forward: no time has gone by then for a provider to commit in."""
        now = self._clock()
        gained = now - self._monotonic() * 1e6
        if self._gained is not None and gained - self._gained > _STEP:
            self._stepped = now
        self._gained = gained
        return now

    def _tell_of_damage(self, damaged: set[Damaged]) -> None:
        """Say once of each damaged entry that a person has to look; the others are settled all the same."""
        for entry in damaged - self._damaged:
            reference, reason = entry.reference, entry.message
            self._reporter.emit(PersonNeededEvent(service=self._reporter.service, reference=reference, reason=reason))
        self._damaged = damaged

    async def _unsettled(self, now: int) -> Sequence[Entry | Damaged]:
        """Give all of them: those that wait must not stand in the way of those that came later."""
        limit = _PAGE
        while len(found := await self._store.unsettled(self._reporter.service, now=now, limit=limit)) == limit:
            limit *= 4
        return found

    def _case(self, entry: Entry) -> _Case:
        case = self._cases.get(entry.reference)
        return case if case is not None and case.attempt == entry.attempt else _Case(entry.attempt)

    async def _settle(self, entry: Entry, case: _Case) -> State | None:
        """Look at one entry; give what it has become, if it has."""
        began = self._now()
        case.due = began + int(self.settling.every * 1e6)
        try:
            if isinstance(self._verdict(entry, case), Doubt):
                reason = "nobody wrote its end"
                if not await self._store.record(entry, "in_doubt", now=began, reason=reason):
                    return None
                entry = evolve(entry, state="in_doubt", reason=reason)
            await self._look(entry, case, began)
            return await self._conclude(entry, case)
        except WalletError:
            return None  # a history or a journal that cannot be read says nothing
        except Exception:  # noqa: BLE001 - one that breaks this must not keep the others from their turn
            _log.exception("reference %r could not be settled; it is tried again", entry.reference)
            return None

    async def _look(self, entry: Entry, case: _Case, began: int) -> None:
        """Read the history, and with the looks that may prove absence what tells whether they do."""
        may_prove = began > provable(entry, self.settling, stepped=self._stepped)
        shown = began - int(self.settling.shown_within * 1e6)
        later = await self._history.later(entry, self._store, shown) if may_prove else None
        sight = await self._history.sight(entry, later)
        found = sight.receipt is not None
        unchecked = may_prove and not found and self.audit.marks_lost is None
        alike = unchecked and await self._history.alike(entry)
        case.receipt = kept.write(sight.receipt) if found else case.receipt
        case.looks.append(Look(began=began, found=found, odd=sight.odd, behind=sight.behind, alike=alike))

    async def _conclude(self, entry: Entry, case: _Case) -> State | None:
        match self._verdict(entry, case):
            case Applied():
                odd = case.looks[-1].odd  # a person was told of it by whoever read the history
                return await self._record(entry, "applied", odd, case.receipt)
            case NotApplied():
                return await self._record(entry, "not_applied", "the whole history, read twice, does not show it")
            case Ask(reason, until):
                case.due = until
                await self._tell(entry, case, reason)
            case Wait(until):
                case.due = until
        return None

    def _verdict(self, entry: Entry, case: _Case) -> Verdict:
        lost = self.audit.marks_lost
        return verdict(entry, case.looks, self._clock(), self.settling, stepped=self._stepped, marks_lost=lost)

    async def _record(self, entry: Entry, state: State, reason: str | None, receipt: str | None = None) -> State | None:
        now = self._clock()
        if not await self._store.record(entry, state, now=now, receipt=receipt, reason=reason):
            return None
        if state == "not_applied":
            self.audit.watch(entry.reference, now)
        why = reason or "the history shows it"
        self._reporter.emit(SettledEvent(service=entry.service, reference=entry.reference, state=state, reason=why))
        return state

    async def _tell(self, entry: Entry, case: _Case, reason: str) -> None:
        """Say once why a person has to look, and keep it with the entry."""
        if case.told == reason:
            return
        case.told = reason
        self._reporter.emit(PersonNeededEvent(service=entry.service, reference=entry.reference, reason=reason))
        await self._store.record(entry, "in_doubt", now=self._clock(), reason=reason)


async def keep_settling(resolver: ReferenceType[Resolver]) -> None:
    """Sweep again and again, until cancelled or until nobody else holds the resolver.

    Only a weak reference is kept between two sweeps: a session that was forgotten is not kept alive by this.
    """
    while (settles := resolver()) is not None:
        try:
            await settles.sweep()
        except JournalError:
            pass  # every call that needs the journal says so
        except Exception:  # noqa: BLE001 - whatever went wrong, what is in doubt has to be settled
            _log.exception("settling what is in doubt failed; it is tried again")
        sleep, every = settles.sleep, settles.settling.every
        del settles
        await sleep(every)
