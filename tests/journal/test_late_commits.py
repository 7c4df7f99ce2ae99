"""G12: credits that are booked at any time up to 3 D after they were sent, whose callers ask again and again.

Up to D nothing is booked twice; beyond it, whatever is booked twice is reported. 60 credits in a usual run,
SETTLING_EXAMPLES of them where more are asked for (goal: 700, and 20,000 in a long run); SETTLING_SEED repeats one.
"""

from __future__ import annotations

import os
from contextlib import suppress
from random import Random
from typing import Any

import pytest

from tests.faults.providers import Client
from tests.journal.bench import SENDING, D, late, opened
from wallet_async.engine.errors import OutcomeUnknownError
from wallet_async.engine.events import DoubledEvent
from wallet_async.journal import audit, once

SEED = int(os.environ.get("SETTLING_SEED", "7"))
EXAMPLES = int(os.environ.get("SETTLING_EXAMPLES", "60"))
_GROUP = 60
"""Credits in one wallet: each look reads all of its history, so that more cost more than they show."""


async def asked_again(client: Client, delays: dict[str, float]) -> tuple[int, int]:
    """Give each credit up, and ask for it again every D; *delays* in seconds from when it was sent.

    Returns:
        How many were booked twice, and how many came later than D.

    Raises:
        AssertionError: One was booked twice within D, or not reported, or left open.
    """
    async with opened(client) as (bench, session):
        for reference, delay in delays.items():
            await bench.lose(session, reference, fault=late(delay))
        for _ in range(5):
            await bench.hands.advance(D)
            for reference in delays:
                with suppress(OutcomeUnknownError):
                    await client.write(session, reference=reference, timeout=SENDING)
        await bench.hands.advance(20 * D)
        booked = {reference: bench.booked(reference) for reference in delays}
        doubled = {reference for reference, times in booked.items() if times > 1}
        assert set(booked.values()) <= {1, 2}
        assert not [reference for reference in doubled if delays[reference] <= SENDING + D], "doubled within D"
        assert {event.reference for event in bench.told(DoubledEvent)} == doubled, "not every double was reported"
        assert {bench.state(reference) for reference in delays} == {"applied"}
    return len(doubled), sum(delay > SENDING + D for delay in delays.values())


def drawn(first: int, number: int) -> dict[str, float]:
    """Draw when each of *number* credits is booked."""
    return {f"r-{n}": Random(f"{SEED} {n}").uniform(0, 3 * D) for n in range(first, first + number)}


async def test_up_to_d_nothing_doubles_and_beyond_every_double_is_reported(client: Client) -> None:
    """Rows 56 and 57, in groups of 60 with a wallet and a journal of their own."""
    print(f"seed {SEED}, {EXAMPLES} credits")
    doubled = beyond = 0
    for first in range(0, EXAMPLES, _GROUP):
        found, came_late = await asked_again(client, drawn(first, min(_GROUP, EXAMPLES - first)))
        doubled, beyond = doubled + found, beyond + came_late
    print(f"doubled and reported {doubled} of {beyond} beyond D, doubled within D: 0 of {EXAMPLES - beyond}")


async def test_twin_looks_that_prove_nothing_double_within_d(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same where D is believed to be over at once."""
    monkeypatch.setattr("wallet_async.journal.settling.Settling.wait", 1e-6)
    with pytest.raises(AssertionError, match="doubled within D"):
        await asked_again(client, {"r-1": D + 1, "r-2": SENDING + D - 1})


async def test_twin_what_was_proved_absent_is_forgotten(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same where nobody looks again at what was proved absent."""

    async def nothing(*_: Any) -> None:
        pass

    monkeypatch.setattr(audit.Audit, "look_again", nothing)
    monkeypatch.setattr(once.Once, "_booked_before", nothing)
    with pytest.raises(AssertionError, match="not every double was reported"):
        await asked_again(client, {"r-1": 2 * D + 10, "r-2": 3 * D})
