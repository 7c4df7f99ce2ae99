"""Row 60: a history that fails, at once or half way through, concludes nothing; it is read again later."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults.providers import CLIENTS, Client
from tests.journal.bench import EVERY, SENDING, D, L, opened
from wallet_async.engine.errors import WalletError
from wallet_async.engine.events import SettledEvent
from wallet_async.engine.once import Sight
from wallet_async.engine.pager import Pager
from wallet_async.journal import history
from wallet_async.sandbox import Fault

FAILURES = [
    Fault("status", operation="transactions", status=500),
    Fault("status", operation="transactions", status=429, retry_after=0),
    Fault("close", operation="transactions"),
    Fault("garbage", operation="transactions"),
]


async def unreadable(client: Client, fault: Fault, lost: str) -> None:
    """Lose an answer, and let the history fail for longer than D + L.

    Raises:
        AssertionError: Something was concluded from it, or nothing once it could be read.
    """
    async with opened(client) as (bench, session):
        bench.sandbox.faults.add(fault)
        await bench.lose(session, fault=Fault("close", where=lost, operation="credit", times=1))
        await bench.hands.advance(SENDING + D + L + 50)
        assert bench.state() == "in_doubt", f"taken for {bench.state()}"
        assert not bench.told(SettledEvent)
        assert session.statistics().in_doubt == 1
        bench.sandbox.faults.clear()
        await bench.hands.advance(3 * EVERY)
        assert bench.state() == ("applied" if lost == "after" else "not_applied")


@pytest.mark.parametrize("fault", FAILURES, ids=lambda fault: f"{fault.kind}-{fault.status}")
@pytest.mark.parametrize("lost", ["before", "after"])
async def test_a_history_that_cannot_be_read_concludes_nothing(client: Client, fault: Fault, lost: str) -> None:
    """However long it fails; once it can be read all is settled soon."""
    await unreadable(client, fault, lost)


async def test_twin_a_failure_taken_for_an_empty_history(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same where what cannot be read shows nothing."""
    sight = history.History.sight

    async def careless(one: history.History, *entries: Any) -> Sight[Any]:
        try:
            return await sight(one, *entries)
        except WalletError:
            return Sight()

    async def no(*_: Any) -> bool:
        return False

    monkeypatch.setattr(history.History, "sight", careless)
    monkeypatch.setattr(history.History, "alike", no)
    with pytest.raises(AssertionError, match="taken for not_applied"):
        await unreadable(client, FAILURES[0], "after")


async def broken_off() -> None:
    """Lose an answer, bury its row under two pages, and let the second page of the history fail for a while.

    Raises:
        AssertionError: The pages that were read were taken for the whole, or nothing was concluded later.
    """
    client = CLIENTS["rehook"]
    async with opened(client) as (bench, session):
        bench.sandbox.faults.add(Fault("status", operation="transactions", status=500))
        await bench.lose(session)
        for _ in range(47):
            client.plant(bench.sandbox.api, "r-2")
        bench.sandbox.faults.clear()
        bench.sandbox.api.answer = broken = _Broken(bench.sandbox.api)
        await bench.hands.advance(SENDING + D + L + 3 * EVERY)
        assert broken.failed > 4, "nothing was broken off"
        assert bench.state() == "in_doubt", f"taken for {bench.state()}"
        broken.mended = True
        await bench.hands.advance(600)
        assert bench.state() == "applied"


class _Broken:
    """Answers as a stand-in does, and fails at page 2."""

    def __init__(self, api: Any) -> None:
        self._answer, self._failure = api.answer, api.failure
        self.failed, self.mended = 0, False

    def __call__(self, request: Any) -> Any:
        if request.query.get("page") != "2" or self.mended:
            return self._answer(request)
        self.failed += 1
        return self._failure(503)


async def test_a_history_that_breaks_off_concludes_nothing() -> None:
    """The pages before the one that fails are not the history."""
    await broken_off()


async def test_twin_a_part_taken_for_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same where reading ends at the page that fails."""
    advance = Pager._advance

    async def ends(one: Pager[Any], want: int | None) -> bool:
        try:
            return await advance(one, want)
        except WalletError:
            one._ended = True
            return False

    monkeypatch.setattr(Pager, "_advance", ends)
    with pytest.raises(AssertionError, match="taken for not_applied"):
        await broken_off()
