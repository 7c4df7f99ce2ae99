"""Ways to break the library, each by one of the rules that it keeps (`test_sabotages` runs episodes on them)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from attrs import evolve

import rehook_async.wire
from wallet_async.engine import walk
from wallet_async.engine.calls import Reply
from wallet_async.engine.errors import RefusedError
from wallet_async.engine.marker import stamp
from wallet_async.engine.send import Sender
from wallet_async.engine.transport import faults, odd
from wallet_async.engine.transport.direct import DirectTransport
from wallet_async.engine.trip import Announcement
from wallet_async.journal import once, states
from wallet_async.journal.settling import Settling
from wallet_async.journal.states import Send

Sabotage = Callable[[pytest.MonkeyPatch], None]


def resends_without_resolving(patch: pytest.MonkeyPatch) -> None:
    """Take what is in doubt for what was not booked."""
    own = once.step

    def step(entry: Any, fingerprint: str, now: int) -> Any:
        if entry is not None and entry.state == "in_doubt" and entry.fingerprint == fingerprint:
            return Send(entry.attempt + 1)
        return own(entry, fingerprint, now)

    patch.setattr(once, "step", step)
    patch.setitem(states.NEXT, "in_doubt", states.NEXT["in_doubt"] | {"sending"})


def waits_for_nothing(patch: pytest.MonkeyPatch) -> None:
    """D = 0: prove absence at once."""
    patch.setattr(Settling, "wait", property(lambda self: 0.0))


def writes_it_down_after_sending(patch: pytest.MonkeyPatch) -> None:
    """Mark ``sending`` when the answer is there."""
    own = Sender._attempt

    async def announce(self: Sender, trip: Any, announcement: Announcement) -> None:
        announcement.begun = True

    async def attempt(self: Sender, trip: Any) -> Reply:
        reply = await own(self, trip)
        if trip.announcement is not None:
            await trip.announcement.make()
        return reply

    patch.setattr(Sender, "_announce", announce)
    patch.setattr(Sender, "_attempt", attempt)


def takes_doubt_for_done(patch: pytest.MonkeyPatch) -> None:
    """Give a receipt before there is an answer that proves it."""
    own = rehook_async.wire.read_receipt

    def read_receipt(movement: Any, description: str) -> Callable[[Reply], Any]:
        def read(reply: Reply) -> Any:
            fields = {"txn_id": "t", "id": "c", "wallet_id": movement.wallet_id, "points": int(movement.points)}
            fields |= {"loyalty_points": 0, "previous_loyalty_points": 0, "description": description}
            return own(movement, description)(Reply(200, {}, json.dumps(fields).encode()))

        return read

    patch.setattr(rehook_async.wire, "read_receipt", read_receipt)


def marks_at_random(patch: pytest.MonkeyPatch) -> None:
    """Make another mark for each attempt."""
    random = Random(7)

    def stamped(movement: Any) -> str:
        return stamp("".join(random.choices("ABCDEFGH", k=26)), movement.description)

    patch.setattr(rehook_async.wire, "stamped", stamped)


def compares_no_echo(patch: pytest.MonkeyPatch) -> None:
    """Take any sound success for one's own."""
    own = rehook_async.wire.read_receipt

    def read_receipt(movement: Any, description: str) -> Callable[[Reply], Any]:
        def read(reply: Reply) -> Any:
            try:
                found = json.loads(reply.body)
                echo = {"wallet_id": movement.wallet_id, "points": int(movement.points), "description": description}
                body = json.dumps(found | echo).encode() if "txn_id" in found else reply.body
            except (ValueError, TypeError, RecursionError):
                body = reply.body
            return own(movement, description)(evolve(reply, body=body))

        return read

    patch.setattr(rehook_async.wire, "read_receipt", read_receipt)


def reads_one_page(patch: pytest.MonkeyPatch) -> None:
    """Stop at the first page of a history."""
    patch.setattr(walk.Walk, "ends", lambda self, rows: True)


def believes_the_parser(patch: pytest.MonkeyPatch) -> None:
    """Take the 400 of aiohttp's parser for the provider's."""
    for module in (odd, faults):
        patch.setattr(module, "DecodeError", lambda message: RefusedError(message, status=400, not_applied=True))


def swallows_cancellation(patch: pytest.MonkeyPatch) -> None:
    """Take a cancelled call for one that was never sent."""
    patch.setattr(Announcement, "in_doubt", property(lambda self: False, lambda self, value: None))


def forgets_the_lease(patch: pytest.MonkeyPatch) -> None:
    """Send whenever it comes to it, however long after the journal was told that it would have left."""
    own = DirectTransport.attempt

    async def attempt(self: Any, call: Any, credentials: Any, evidence: Any, deadline: float) -> Reply:
        return await own(self, call, credentials, evidence, asyncio.get_running_loop().time() + 5)

    patch.setattr(DirectTransport, "attempt", attempt)
