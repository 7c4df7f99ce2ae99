"""Whether what is believed of the provider holds: that it keeps the marks, and that it books nothing later than D."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter

from attrs import define

from wallet_async.engine.errors import WalletError
from wallet_async.engine.events import PersonNeededEvent
from wallet_async.engine.report import Reporter
from wallet_async.journal.checksum import Damaged
from wallet_async.journal.deciding import decided
from wallet_async.journal.entry import Entry
from wallet_async.journal.history import History, each
from wallet_async.journal.settling import Settling
from wallet_async.journal.store import Store

_PAGE = 100
"""Entries asked of the store at once."""
_SAMPLES = 3
"""Booked movements of which one has to show its mark: a single one may have been taken out by the provider."""
_SAMPLE_AGE = 7 * 86_400
"""Seconds; what is older may have left the history for a reason of its own."""
_WATCHES = 6
"""Looks at what was proved absent, at doubling distances: with the defaults over six hours."""


@define
class _Watch:
    due: int
    """When to look again, in microseconds since 1970."""
    gap: int
    """Microseconds from then to the next look."""
    left: int = _WATCHES


class Audit:
    """Looks at what is settled already, and reports what should not be."""

    def __init__(
        self, store: Store, reporter: Reporter, history: History, settling: Settling, clock: Callable[[], int]
    ) -> None:
        self._store = store
        self._reporter = reporter
        self._history = history
        self._settling = settling
        self._clock = clock
        self._watched: dict[str, _Watch] = {}
        self._sampled: tuple[str, str] | None = None
        self._check_again = 0
        self.marks_lost: bool | None = None
        """Whether booked movements cannot be found by their marks, so that nothing can be proved absent; None while
        there was none to look at."""
        self.unread: int = 0
        """Movements whose history could not be read when `everything` was looked at last: of them nothing is known."""

    async def check_marks(self, now: int) -> bool:
        """Look for the marks of movements that are known to be booked, until one is found.

        It costs no money and mostly one request. A mark that the provider cuts, alters or drops is simply not found.
        Nor is any in a history that is far behind, so what was not found is looked for again.

        Returns:
            Whether one was found just now, and none before.

        Raises:
            JournalError: The journal cannot be read.
        """
        if self.marks_lost is False or now < self._check_again:
            return False
        looked_at: Entry | None = None
        for entry in await self._samples(now):
            try:
                sight = await self._history.sight(entry)
            except WalletError:
                continue
            if sight.receipt is not None:
                self.marks_lost = False
                return True
            looked_at = looked_at or entry
        if looked_at is None:
            return False
        self._check_again = now + int(self._settling.shown_within * 1e6)
        if not self.marks_lost:
            self.marks_lost = True
            self._tell(
                looked_at, "it is booked, and the history does not show its mark: nothing is proved absent by it"
            )
        return False

    async def _samples(self, now: int) -> list[Entry]:
        """Give the newest of some booked movements that the history has to show by now."""
        applied = await self._store.listed(self._reporter.service, ["applied"], after=self._sampled, limit=_PAGE)
        # The journal is in no order of time: if there is none here, the next sweep looks further on.
        self._sampled = (applied[-1].service, applied[-1].reference) if applied else None
        fit = [entry for entry in applied if isinstance(entry, Entry) and self._has_to_show(entry, now)]
        return sorted(fit, key=attrgetter("sent_at"), reverse=True)[:_SAMPLES]

    def _has_to_show(self, entry: Entry, now: int) -> bool:
        """Whether the history has had the time to show *entry*, and has had no reason yet to forget it."""
        shown = now - int(self._settling.shown_within * 1e6)
        oldest = now - int(min(_SAMPLE_AGE, self._settling.retention or _SAMPLE_AGE) * 1e6)
        return entry.updated_at <= shown and oldest <= entry.sent_at

    def watch(self, reference: str, now: int) -> None:
        """Look again later at a movement that was proved absent just now: the proof holds no longer than D does."""
        gap = int(self._settling.wait * 1e6)
        self._watched[reference] = _Watch(now + gap, gap)

    async def look_again(self, now: int) -> None:
        """Look at what is watched and due.

        Raises:
            JournalError: The journal cannot be read.
        """
        for reference, watch in list(self._watched.items()):
            if now < watch.due:
                continue
            watch.due, watch.gap, watch.left = now + watch.gap * 2, watch.gap * 2, watch.left - 1
            entry = await self._store.load(self._reporter.service, reference)
            if watch.left == 0 or (entry is not None and await self._look(entry)):
                del self._watched[reference]

    async def everything(self) -> int:
        """Look at every movement that is booked or proved absent; doubles are reported as `DoubledEvent`.

        Returns:
            How many movements should not be as they are; those whose history cannot be read are in `unread` instead.

        Raises:
            JournalError: The journal cannot be read.
        """
        wrong, after = 0, None
        self.unread = 0
        while page := await self._store.listed(
            self._reporter.service, ["applied", "not_applied"], after=after, limit=_PAGE
        ):
            wrong += sum(await each(page, self._look))
            after = (page[-1].service, page[-1].reference)
        return wrong

    async def _look(self, entry: Entry | Damaged) -> bool:
        """Whether *entry* is not as it should be; that is reported."""
        if isinstance(entry, Damaged):
            self._tell(entry, entry.message)
            return True
        try:
            sight = await self._history.sight(entry)
        except WalletError:
            self.unread += 1
            return False
        if entry.state in {"not_applied", "refused"} and sight.receipt is not None:
            proof = "a person had decided that it was not" if decided(entry) else "it had been proved absent"
            self._tell(entry, f"it was booked after {proof}")
            return True
        # That the history shows no row is just why a person had to decide.
        lost = entry.state == "applied" and sight.receipt is None and not decided(entry)
        if lost and self._has_to_show(entry, self._clock()):
            self._tell(entry, sight.odd or "it is booked, and the history shows it no more: taken out, or merged")
            return True
        return sight.doubled or (sight.receipt is not None and sight.odd is not None)

    def _tell(self, entry: Entry | Damaged, reason: str) -> None:
        service = self._reporter.service
        self._reporter.emit(PersonNeededEvent(service=service, reference=entry.reference, reason=reason))
