"""Credits and debits of one session through the journal: each reference once, whoever asks, and however often."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from weakref import ref

from attrs import evolve, frozen

from wallet_async.engine.calls import MovementLike
from wallet_async.engine.errors import (
    AuthenticationError,
    DuplicateError,
    InvalidInputError,
    OutcomeUnknownError,
    RequestTimeoutError,
    ResponseError,
    WalletError,
)
from wallet_async.engine.once import Books, Tally
from wallet_async.engine.report import Reporter
from wallet_async.engine.trip import Announcement
from wallet_async.journal import kept
from wallet_async.journal.deciding import decided
from wallet_async.journal.entry import Entry, State
from wallet_async.journal.errors import JournalError, PrunedError, ReferenceConflictError
from wallet_async.journal.flights import Flights, UnderWayError
from wallet_async.journal.history import begun
from wallet_async.journal.receiving import Receiver
from wallet_async.journal.recording import Recorder
from wallet_async.journal.resolver import Resolver, keep_settling
from wallet_async.journal.states import Conflict, Give, Recall, Send, Wait, step
from wallet_async.journal.store import Store

_LOOK_AGAIN = 0.05
"""Seconds between two looks at an entry that another process is sending."""


class _LostError(JournalError):
    """Another call has claimed the reference meanwhile."""


class Once:
    """Runs the movements of one session."""

    def __init__(
        self,
        store: Store,
        owner: str,
        reporter: Reporter,
        books: Callable[[Any], Books[Any]],
        clock: Callable[[], int],
        resolver: Resolver,
    ) -> None:
        self.tally: Tally = resolver.tally
        self.resolver = resolver
        """Settles what is in doubt, while the session is open."""
        self._store = store
        self._owner = owner
        self._reporter = reporter
        self._books = books
        self._clock = clock
        self._recorder = Recorder(store, reporter, clock)
        self._receiver = Receiver(store, reporter.service, owner, clock)
        self._flights = Flights()
        self._settling: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to settle what is in doubt, in a task of the running loop."""
        self._settling = asyncio.create_task(keep_settling(ref(self.resolver)))

    async def aclose(self) -> None:
        """End that task; movements under way go on."""
        if self._settling is not None:
            self._settling.cancel()
            await asyncio.wait([self._settling])

    async def receive(self, source: str, event_id: str, movement: Any, timeout: float) -> None:
        """Write down that an event asks for *movement*, which has a reference; see `Receiver.receive`."""
        await self._receiver.receive(source, event_id, movement, timeout)

    async def run(self, movement: Any, timeout: float) -> Any:
        """Make *movement* once for its reference.

        Args:
            movement: What to book.
            timeout: Seconds for everything, the journal included.

        Raises:
            InvalidInputError: It has no reference.
            ReferenceConflictError: The reference stands for another movement.
            JournalError: The journal cannot be read or written; nothing was sent.
            OutcomeUnknownError: It may have been booked, and the history does not show it now.
            PrunedError: It was booked, and neither the journal nor the history has its receipt.
            WalletError: It was not booked.
        """
        if movement.reference is None:
            raise InvalidInputError("with a journal every credit and debit needs a reference")
        deadline = asyncio.get_running_loop().time() + timeout
        call = _Call(movement, movement.reference, kept.fingerprint(movement), self._books(movement), deadline)
        try:
            return await self._flights.share(call.reference, call.fingerprint, lambda: self._work(call), call.left)
        except UnderWayError:
            raise self._unknown(call, "another call with its reference is under way") from None

    async def _work(self, call: _Call) -> Any:
        while True:
            entry = await self._load(call)
            match step(entry, call.fingerprint, self._clock()):
                case Give(receipt):
                    return kept.read_receipt(call.books.kind, receipt)
                case Recall():
                    return await self._recall(call, entry)
                case Conflict():
                    raise ReferenceConflictError(
                        f"reference {call.reference!r} was used before, for another movement; nothing was sent"
                    )
                case Wait():
                    await self._look_again(call)
                case Send(attempt):
                    try:
                        return await self._send(call, self._entry(call, attempt, entry), before=entry)
                    except _LostError:
                        continue
                case _:
                    return await self._settle(call, entry, begun(entry))

    async def _load(self, call: _Call) -> Any:
        try:
            async with asyncio.timeout_at(call.deadline):
                return await self._store.load(self._reporter.service, call.reference)
        except TimeoutError:
            raise RequestTimeoutError("the time was up while reading the journal", not_applied=True) from None

    async def _look_again(self, call: _Call) -> None:
        if call.left() <= _LOOK_AGAIN:
            raise self._unknown(call, "another process is sending it")
        await asyncio.sleep(_LOOK_AGAIN)

    async def _send(self, call: _Call, entry: Entry, *, before: Entry | None) -> Any:
        if (found := await self._booked_before(call, before)) is not None:
            try:
                await self._claim(entry)
            except _LostError:
                raise
            except JournalError as error:  # it is booked, and "nothing was sent" would be taken for the contrary
                self._recorder.failed(entry, "applied", error)
                return found
            return await self._applied(call, entry, found)
        announcement = Announcement(lambda: self._claim(entry))
        try:
            receipt = await call.books.move(announcement, call.left())
        except _LostError:
            raise
        except WalletError as error:
            if announcement.begun:
                await self._recorder.record(
                    entry, _state_after(error), call.left(), reason=kept.sentence(error.message)
                )
            if isinstance(error, DuplicateError):
                # The provider remembers it from whenever it was: this journal may be younger.
                return await self._settle(call, evolve(entry, state="in_doubt", reason=error.message), None)
            raise
        except BaseException:
            if announcement.begun:
                state: State = "in_doubt" if announcement.in_doubt else "prepared"
                await self._recorder.record(entry, state, call.left(), reason="the call was cancelled")
            raise
        return await self._applied(call, entry, receipt)

    async def _claim(self, entry: Entry) -> None:
        """Write that it is about to leave, unless another call was quicker."""
        standing = await self._store.claim(entry)
        # The whole of it: a call of this process that was cancelled may have left its own claim behind.
        if standing != entry:
            raise _LostError("another call has taken it")

    async def _booked_before(self, call: _Call, before: Entry | None) -> Any:
        """Look once more where a last look costs little and may show what nobody could know of."""
        if self._store.restored:
            return await self._booked(call, before, None)  # that it was sent may have been lost with the file
        if before is not None and before.state == "not_applied":
            # The provider may have taken longer than was believed.
            return await self._booked(call, before, begun(before))
        return None

    async def _settle(self, call: _Call, entry: Entry, since: datetime | None) -> Any:
        """Look for it in the history since then; what is not there now may be there later."""
        found = await self._booked(call, entry, since)
        if found is None:
            raise self._unknown(call, f"the history does not show it now ({entry.reason or 'nobody wrote its end'})")
        return await self._applied(call, entry, found)

    async def _recall(self, call: _Call, entry: Entry) -> Any:
        """Look for the receipt of what is booked for certain; nothing is sent, whatever is found."""
        try:
            found, why = await self._booked(call, entry, begun(entry)), "the history does not show it"
        except OutcomeUnknownError as error:
            found, why = None, error.reason.message
        if found is None:
            raise PrunedError(f"{_without_receipt(entry)}, and {why}")
        return found

    async def _booked(self, call: _Call, entry: Entry | None, since: datetime | None) -> Any:
        """Give the receipt that the history shows since then; what is odd is for a person, unless one has decided."""
        try:
            async with asyncio.timeout_at(call.deadline):
                sight = await call.books.booked(since, call.left())
        except TimeoutError:
            why = "the time was up while reading the history"
        except WalletError as error:
            why = f"the history could not be read: {error.message}"
        else:
            if sight.receipt is not None or sight.odd is None or decided(entry):
                return sight.receipt
            why = f"a person has to look: {sight.odd}"
        raise self._unknown(call, why)

    async def _applied(self, call: _Call, entry: Entry, receipt: Any) -> Any:
        await self._recorder.record(entry, "applied", call.left(), receipt=kept.write(receipt))
        return receipt

    def _entry(self, call: _Call, attempt: int, before: Entry | None) -> Entry:
        now = self._clock()
        return Entry(
            service=self._reporter.service,
            reference=call.reference,
            fingerprint=call.fingerprint,
            movement=kept.write(call.movement),
            state="sending",
            attempt=attempt,
            owner=self._owner,
            sent_at=now,
            send_by=now + int(call.left() * 1e6),
            created_at=now if before is None else before.created_at,
            updated_at=now,
        )

    def _unknown(self, call: _Call, why: str) -> OutcomeUnknownError:
        error = OutcomeUnknownError(
            f"it may or may not have been booked: {why}",
            reason=RequestTimeoutError(why),
            movement=call.movement,
            sent_at=datetime.fromtimestamp(self._clock() / 1e6, UTC),
        )
        error.service, error.operation, error.reference = self._reporter.service, call.movement.kind, call.reference
        return error


@frozen
class _Call:
    """One call for a movement."""

    movement: MovementLike
    reference: str
    fingerprint: str
    books: Books[Any]
    deadline: float
    """In seconds of the loop's clock."""

    def left(self) -> float:
        """Seconds until the deadline, and never none: what is asked with it ends at once by its own rules."""
        return max(self.deadline - asyncio.get_running_loop().time(), 0.001)


def _without_receipt(entry: Entry) -> str:
    """Say how it is known that *entry* is booked, and why the journal has no receipt."""
    if decided(entry):
        return f"it was booked ({entry.reason}), its receipt never came"
    moment = datetime.fromtimestamp(entry.updated_at / 1e6, UTC)
    return f"it was booked on {moment:%Y-%m-%d}, its receipt was pruned since"


def _state_after(error: WalletError) -> State:
    """Say what a movement that was about to leave has become, when its call ended in *error*."""
    if not error.not_applied:
        return "in_doubt"
    refused = isinstance(error, ResponseError) and not isinstance(error, AuthenticationError)
    return "refused" if refused else "prepared"
