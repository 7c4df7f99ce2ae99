"""Writes down how a call ended: whoever cancels its caller, and however long the database takes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from wallet_async.engine.events import UnrecordedEvent
from wallet_async.engine.report import Reporter
from wallet_async.journal.entry import Entry, State
from wallet_async.journal.errors import JournalError
from wallet_async.journal.store import Store

_GRACE = 0.1
"""Seconds past a call's deadline that may go into writing down how it ended."""


class Recorder:
    """Records for one session. What cannot be written is reported, and settled from the history later."""

    def __init__(self, store: Store, reporter: Reporter, clock: Callable[[], int]) -> None:
        self._store = store
        self._reporter = reporter
        self._clock = clock

    async def record(
        self, entry: Entry, state: State, left: float, *, receipt: str | None = None, reason: str | None = None
    ) -> None:
        """Make *entry* become *state*, within *left* seconds; a cancellation comes out only when it is written."""
        now = self._clock()
        writing = asyncio.ensure_future(self._store.record(entry, state, now=now, receipt=receipt, reason=reason))
        writing.add_done_callback(_heard)
        cancelled = await _through(writing, max(left, _GRACE))
        if not writing.done():
            self.failed(entry, state, JournalError("it was not written in time"))
        elif isinstance(error := writing.exception(), JournalError):
            self.failed(entry, state, error)
        else:
            writing.result()
        if cancelled is not None:
            raise cancelled

    def failed(self, entry: Entry, state: State, error: JournalError) -> None:
        """Report that the journal does not say what *entry* has become."""
        service, reference = self._reporter.service, entry.reference
        self._reporter.emit(UnrecordedEvent(service=service, reference=reference, state=state, error=error))


async def _through(writing: asyncio.Future[Any], seconds: float) -> asyncio.CancelledError | None:
    """Wait for *writing*, whatever happens to the task that waits; give the cancellation that came meanwhile."""
    cancelled = None
    ends = asyncio.get_running_loop().time() + seconds
    while not writing.done() and (left := ends - asyncio.get_running_loop().time()) > 0:
        try:
            await asyncio.wait([writing], timeout=left)
        except asyncio.CancelledError as error:
            cancelled = error
    return cancelled


def _heard(writing: asyncio.Future[Any]) -> None:
    """Look at how it ended, so that asyncio does not complain of an error nobody looked at."""
    if not writing.cancelled():
        writing.exception()
