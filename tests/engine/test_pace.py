"""A pace that others keep to as well: no request leaves before it, and what goes wrong with it sends nothing."""

from __future__ import annotations

import asyncio

import pytest

from rehook_async import RehookSession
from wallet_async.engine.errors import ConnectError, WalletError
from wallet_async.engine.limits import Gate, Limits
from wallet_async.engine.retry import RetryPolicy
from wallet_async.sandbox import Fault, Sandbox

KEYS = ("sandbox-api-key", "sandbox-secret-key")


class Pace:
    """Lets requests through one by one, or raises."""

    def __init__(self, error: WalletError | None = None) -> None:
        self.asked = 0
        self.error = error
        self.open = asyncio.Event()

    async def wait(self) -> None:
        self.asked += 1
        if self.error is not None:
            raise self.error
        await self.open.wait()


async def check_nothing_leaves(sandbox: Sandbox) -> None:
    """Assert that a credit waits for the pace, once, and leaves after it."""
    pace = Pace()
    async with RehookSession(*KEYS, base_url=sandbox.url, limits=Limits(pace=pace)) as rehook:
        credit = asyncio.create_task(rehook.credit("krishna123", "waty_A", 20))
        while not pace.asked:  # noqa: ASYNC110 - the pace is asked from another task
            await asyncio.sleep(0)
        for _ in range(100):
            await asyncio.sleep(0)
        assert sandbox.observed.commits == 0
        assert rehook.statistics().in_flight == 1
        pace.open.set()
        await credit
        assert (sandbox.observed.commits, pace.asked) == (1, 1)


@pytest.fixture
def wallet(rehook_sandbox: Sandbox) -> Sandbox:
    rehook_sandbox.api.add_wallet("krishna123", "waty_A", balance=0)
    return rehook_sandbox


async def test_no_request_leaves_before_the_pace(wallet: Sandbox) -> None:
    """A credit waits for it in its slot, asks once, and leaves then."""
    await check_nothing_leaves(wallet)


async def test_twin_a_gate_that_forgets_the_pace(wallet: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sabotaged: a gate that takes the quick way although there is a pace fails the same check."""
    monkeypatch.setattr(Gate, "take", _quick)
    with pytest.raises((AssertionError, TimeoutError)):
        async with asyncio.timeout(0.2):
            await check_nothing_leaves(wallet)


def _quick(gate: Gate) -> bool:
    gate.in_flight += 1
    return True


async def test_a_pace_that_fails_sends_nothing_and_loses_no_slot(wallet: Sandbox) -> None:
    """A credit ends with the pace's own error, certainly not booked, and its slot is free again."""
    pace = Pace(ConnectError("the shared rate is out of reach"))
    limits = Limits(pace=pace, max_in_flight=1)
    async with RehookSession(*KEYS, base_url=wallet.url, limits=limits, retry=RetryPolicy(attempts=1)) as rehook:
        for _ in range(2):
            with pytest.raises(ConnectError, match="out of reach") as caught:
                await rehook.credit("krishna123", "waty_A", 20)
            assert caught.value.not_applied
        assert rehook.statistics().in_flight == 0
    assert wallet.observed.commits == 0


async def test_who_gives_up_waiting_for_the_pace_gives_the_slot_back(wallet: Sandbox) -> None:
    """A deadline that passes meanwhile ends the call as a time-out before anything left."""
    async with RehookSession(*KEYS, base_url=wallet.url, limits=Limits(pace=Pace())) as rehook:
        with pytest.raises(TimeoutError):
            await rehook.credit("krishna123", "waty_A", 20, timeout=0.05)
        assert rehook.statistics().in_flight == 0
    assert wallet.observed.commits == 0


async def check_pause(sandbox: Sandbox) -> None:
    """Assert that a pause that is asked for while a request waits for the pace is kept to, and the pace once more."""
    pace = Pace()
    sandbox.faults.add(Fault("status", status=429, retry_after=0.2, operation="wallets", times=1))
    async with RehookSession(*KEYS, base_url=sandbox.url, limits=Limits(pace=pace)) as rehook:
        pace.open.set()
        throttled = asyncio.create_task(rehook.wallets("krishna123"))
        while not sandbox.observed.requests["wallets"]:
            pace.open.set()
            await asyncio.sleep(0)
        pace.open.clear()
        asked = pace.asked
        other = asyncio.create_task(rehook.credit("krishna123", "waty_A", 20))
        while pace.asked == asked or not rehook.statistics().throttled:  # noqa: ASYNC110 - two other tasks
            await asyncio.sleep(0)
        begun = asyncio.get_running_loop().time()
        pace.open.set()
        await other
        assert asyncio.get_running_loop().time() - begun > 0.1
        await throttled


async def test_a_pause_while_the_pace_is_waited_for(wallet: Sandbox) -> None:
    """The provider asked everybody to wait: who stands at the pace does so too."""
    await check_pause(wallet)


async def test_twin_a_gate_that_looks_at_the_pause_before_only(
    wallet: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotaged: the same check fails."""
    monkeypatch.setattr(Gate, "_keep", lambda gate, pace: pace.wait())
    with pytest.raises(AssertionError):
        await check_pause(wallet)
