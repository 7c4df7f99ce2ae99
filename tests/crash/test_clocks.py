"""The wall clock is put forward or back while something is in doubt: nothing is concluded early or paid twice."""

from __future__ import annotations

import pytest

from tests.crash.long import EVERY_CASE
from tests.faults.providers import CLIENTS, Client
from tests.journal.bench import SENDING, D, L, late, opened
from wallet_async.journal import Settling, resolver
from wallet_async.sandbox import Fault

HOUR, DAY = 3600.0, 86400.0
STEPS = [-DAY, -HOUR, HOUR, DAY]
FAULTS = {
    "booked": Fault("close", operation="credit", times=1),
    "booked late": late(SENDING + D - 1),
    "not booked": Fault("close", where="before", operation="credit", times=1),
}


async def check(client: Client, step: float, fault: str) -> None:
    """Give a credit up, step the clock, and ask again when the provider has had its time.

    Raises:
        AssertionError: It was taken for not booked too early, or it is not booked once.
    """
    every = 5.0 if step > 0 else -step / 50  # after a step back it has to look again and again for so long
    async with opened(client, Settling(commit_within=D, shown_within=L, every=every)) as (bench, session):
        await bench.lose(session, fault=FAULTS[fault])
        await bench.hands.advance(1)
        bench.hands.put_forward = step
        await bench.hands.advance(SENDING + D - 2)
        assert bench.state() != "not_applied", "it could still be booked"
        # A clock that was put back shows its time again, and what is asked for meanwhile stays unknown.
        await bench.hands.advance(max(0.0, -step) + L + SENDING + D + 10 * every)
        receipt = await client.write(session, reference="r-1", timeout=SENDING)
        assert (receipt.reference, bench.booked(), bench.state()) == ("r-1", 1, "applied")


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("provider", CLIENTS if EVERY_CASE else ["rehook"])
async def test_steps(provider: str, step: float, fault: str) -> None:
    """An hour or a day, either way."""
    await check(CLIENTS[provider], step, fault)


@pytest.mark.parametrize("step", [HOUR, DAY])
async def test_twin_a_clock_believed(step: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the step is not noticed, what is booked late is taken for not booked."""
    monkeypatch.setattr(resolver, "_STEP", 1e18)
    with pytest.raises(AssertionError, match="could still be booked"):
        await check(CLIENTS["rehook"], step, "booked late")
