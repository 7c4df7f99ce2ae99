"""Writes down which event asked for a movement, before anything is sent for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from wallet_async.engine.errors import RequestTimeoutError
from wallet_async.journal import kept
from wallet_async.journal.entry import Entry
from wallet_async.journal.errors import ReferenceConflictError
from wallet_async.journal.inbox import received, same_movement
from wallet_async.journal.store import Store


class Receiver:
    """Receives the events of one session's consumers."""

    def __init__(self, store: Store, service: str, owner: str, clock: Callable[[], int]) -> None:
        self._store = store
        self._service = service
        self._owner = owner
        self._clock = clock

    async def receive(self, source: str, event_id: str, movement: Any, timeout: float) -> None:
        """Write down that an event asks for *movement*, within *timeout* seconds; a second time changes nothing.

        Raises:
            ReferenceConflictError: It asked for another movement before.
            JournalError: The journal cannot be written.
            RequestTimeoutError: The time was up; it may be written down all the same, and nothing was sent.
        """
        entry = self._prepared(movement)
        event = received(source, event_id, entry)
        try:
            async with asyncio.timeout(timeout):
                standing = await self._store.receive(event, entry)
        except TimeoutError:
            raise RequestTimeoutError("the time was up while writing the event down", not_applied=True) from None
        if not same_movement(standing, event):
            raise ReferenceConflictError(
                f"event {event_id!r} of {source!r} came before, for another movement (reference "
                f"{standing.reference!r}); nothing was sent"
            )

    def _prepared(self, movement: Any) -> Entry:
        now = self._clock()
        return Entry(
            service=self._service,
            reference=movement.reference,
            fingerprint=kept.fingerprint(movement),
            movement=kept.write(movement),
            state="prepared",
            attempt=0,
            owner=self._owner,
            sent_at=0,
            send_by=0,
            created_at=now,
            updated_at=now,
        )
