"""Where entries are kept: what a database has to do for the journal, one transaction each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from wallet_async.journal.checksum import Damaged
from wallet_async.journal.entry import Entry, State
from wallet_async.journal.inbox import Received


class Store(Protocol):
    """Keeps entries. What a method has returned is durable, also through a power cut.

    A method that is cancelled has either been done whole or not at all; a claim before any `record` of the same entry
    that is asked of this store after it.

    Raises (every method):
        JournalError: The database cannot be reached, or says that it is full or broken, or the one entry that is asked
            for is damaged. Nothing was changed, as far as can be known: a claim that was refused may still be found as
            ``sending`` later, and is settled then.
    """

    @property
    def restored(self) -> bool:
        """Whether entries may be missing: it was put back from a backup, or copied, since it was last written."""

    async def load(self, service: str, reference: str) -> Entry | None:
        """Give the entry of a reference, or None."""

    async def claim(self, entry: Entry) -> Entry:
        """Write *entry*, whose state is ``prepared`` or ``sending``, if nobody was before it.

        It is written where there is no entry of its reference (`Entry.attempt` 0 or 1), or where there is one of the
        same fingerprint and `Entry.created_at`, of the attempt before, in a state that ``sending`` may follow.

        Returns:
            What stands under the reference now: *entry* itself, or what was there.
        """

    async def receive(self, event: Received, entry: Entry) -> Received:
        """Write *event*, unless it has come before, and with it *entry*, unless its reference has one.

        Both or neither are there afterwards. The state of *entry* is ``prepared``, and its reference the event's.

        Returns:
            What stands for the event now: *event* itself, or what was there.
        """

    async def record(
        self,
        entry: Entry,
        state: State,
        *,
        now: int,
        receipt: str | None = None,
        reason: str | None = None,
    ) -> bool:
        """Make *entry*, as it was claimed or read, become *state*, if it still is what it was.

        That is: the same state of the same attempt, made by the same owner at the same time; one whose claim failed may
        have left its number to another.

        Returns:
            Whether it was. If not, another call has settled it, and nothing was changed.
        """

    async def unsettled(self, service: str, *, now: int, limit: int) -> Sequence[Entry | Damaged]:
        """Give entries ``in_doubt``, or ``sending`` past their `Entry.send_by`; oldest `Entry.sent_at` first."""

    async def listed(
        self, service: str | None, states: Sequence[State], *, after: tuple[str, str] | None, limit: int
    ) -> Sequence[Entry | Damaged]:
        """Give entries in these states, in order of service and reference, from behind *after* on.

        A damaged one, here and in `unsettled`, keeps none of the others back.
        """

    async def later(self, entry: Entry, *, holding: Sequence[str], until: int) -> Entry | None:
        """Give the newest entry ``applied`` by *until* that was sent after *entry*, of the same service.

        Only one whose `Entry.movement` holds all texts of *holding*; None if there is none, or if it is damaged.
        """

    async def count(self) -> Mapping[tuple[str, State], int]:
        """Count the entries of each service in each state; what there is none of is left out."""

    async def stale(
        self, states: Sequence[State], *, before: int, after: tuple[str, str] | None, limit: int
    ) -> Sequence[Entry | Damaged]:
        """Give entries in these states that were last updated before *before* and are not pruned yet; else as `listed`.

        Args:
            states: Of those in `wallet_async.journal.pruning`.
            before: Microseconds since 1970.
            after: Service and reference of the last one that is known, or None.
            limit: How many at most.
        """

    async def prune(self, entries: Sequence[Entry]) -> int:
        """Leave of *entries* what `wallet_async.journal.pruning.remainder` says, where they still are what they were.

        Returns:
            How many were. If the answer of the database was lost meanwhile, some may be left out.
        """

    async def set_restored(self, restored: bool) -> None:
        """Take it from now on that entries may be missing, or that none is: so `restored` becomes, also for others."""

    async def aclose(self) -> None:
        """Finish what was begun, and close."""
