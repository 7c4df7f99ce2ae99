"""What `PostgresStore` keeps in order: a claim and what is recorded behind it, and which event loop may ask."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from tests.journal.conformance import sending, there
from tests.journal.hands import TURNS
from tests.journal.postgres_server import PostgresServer
from wallet_async.journal.errors import JournalError
from wallet_async.journal.postgres import PostgresStore, sql


class LateStore(PostgresStore):
    """The statement of a claim leaves late: behind that of a record, if nothing keeps that one back."""

    recorded: asyncio.Event | None = None

    async def _ask(self, query: str, *arguments: object) -> tuple[Sequence[Any], bool]:
        if query == sql.RECORD:
            self.recorded = asyncio.Event()
            answer = await super()._ask(query, *arguments)
            self.recorded.set()
            return answer
        for _ in range(TURNS):
            await asyncio.sleep(0)
        if self.recorded is not None:
            await self.recorded.wait()
        return await super()._ask(query, *arguments)


@pytest.fixture
async def store(postgres: PostgresServer, emptied: str) -> AsyncIterator[LateStore]:
    """Give an open store with nothing in it."""
    store = await LateStore.open(postgres.url(emptied))
    yield store
    await store.aclose()


async def check_a_cancelled_claim(store: LateStore) -> None:
    """Cancel a claim, and record at once that nothing has left: that is what stands there in the end."""
    claiming = asyncio.ensure_future(store.claim(sending()))
    await asyncio.sleep(0)
    claiming.cancel()
    await asyncio.wait([claiming])
    recorded = await store.record(sending(), "prepared", now=9)
    while store._begun:
        await asyncio.wait(store._begun)
    assert (recorded, (await there(store, sending())).state) == (True, "prepared")


async def test_a_cancelled_claim_never_lands_behind_the_record(store: LateStore) -> None:
    """Though it has another connection; else its reference would have to wait for a proof of absence."""
    await check_a_cancelled_claim(store)


async def test_twin_out_of_turn(store: LateStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sabotaged twin: where statements for one entry do not wait for each other, it does."""
    monkeypatch.setattr(store, "_turn", lambda _: asyncio.Lock())
    with pytest.raises(AssertionError, match="sending"):
        await check_a_cancelled_claim(store)


async def refused_elsewhere(store: PostgresStore, *, blind: bool = False) -> None:
    """Ask for something from another event loop."""

    async def ask() -> None:
        if blind:
            store._loop = asyncio.get_running_loop()
        await store.count()

    def elsewhere() -> None:
        with pytest.raises(JournalError, match=r"^the journal was opened in another event loop$"):
            asyncio.run(ask())

    await asyncio.to_thread(elsewhere)


async def test_it_is_refused_in_another_loop(store: LateStore) -> None:
    """A store belongs to the loop that it was opened in."""
    await refused_elsewhere(store)
    assert await store.count() == {}


async def test_twin_any_loop_is_its_own(store: LateStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sabotaged twin: one that takes any loop for its own uses its connections there."""

    async def asked(query: str) -> tuple[Sequence[Any], bool]:
        return [], False

    monkeypatch.setattr(store, "_ask", asked)
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        await refused_elsewhere(store, blind=True)
    store._loop = asyncio.get_running_loop()
