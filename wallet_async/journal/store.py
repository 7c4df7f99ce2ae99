"""Where entries are kept: what a database has to do for the journal, one transaction each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from wallet_async.journal.entry import Entry, State


class Store(Protocol):
    """Keeps entries. What a method has returned is durable, also through a power cut.

    A method that is cancelled has either been done whole or not at all.

    Raises (every method):
        JournalError: The database cannot be reached, or says that it is full or broken. Nothing was changed, as far as
            can be known: a claim that was refused may still be found as ``sending`` later, and is settled then.
    """

    @property
    def restored(self) -> bool:
        """Whether entries may be missing: the file was put back from a backup, or copied, since it was last written."""

    async def load(self, service: str, reference: str) -> Entry | None:
        """Give the entry of a reference, or None."""

    async def claim(self, entry: Entry) -> Entry:
        """Write *entry*, whose state is ``prepared`` or ``sending``, if nobody was before it.

        It is written where there is no entry of its reference (`Entry.attempt` 0 or 1), or where there is one of the
        same fingerprint, of the attempt before, in a state that ``sending`` may follow. `Entry.created_at` of one that
        is there stays; its receipt and reason go.

        Returns:
            What stands under the reference now: *entry* itself, or what was there.
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
        """Make *entry* become *state*, if it still is what it was: same state, same attempt.

        Returns:
            Whether it was. If not, another call has settled it, and nothing was changed.
        """

    async def unsettled(self, service: str, *, now: int, limit: int) -> Sequence[Entry]:
        """Give entries ``in_doubt``, or ``sending`` past their `Entry.send_by`; oldest `Entry.sent_at` first."""

    async def listed(
        self, service: str | None, states: Sequence[State], *, after: tuple[str, str] | None, limit: int
    ) -> Sequence[Entry]:
        """Give entries in these states, in order of service and reference, from behind *after* on."""

    async def aclose(self) -> None:
        """Finish what was begun, and close."""
