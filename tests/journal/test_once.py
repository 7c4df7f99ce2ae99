"""A reference is booked once: asked for again, at the same time, after lost answers and cancellations, by several."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.faults.providers import CLIENTS, Client
from tests.journal.memory import MemoryStore
from tests.kit import cancel_at_step, no_leaks
from tests.kit.steps import When
from wallet_async.engine.errors import (
    ConnectError,
    InvalidInputError,
    OutcomeUnknownError,
    RefusedError,
    WalletError,
)
from wallet_async.engine.events import Event, UnrecordedEvent
from wallet_async.journal import Journal, JournalError, ReferenceConflictError, once, states
from wallet_async.sandbox import Fault, Sandbox

Case = tuple[Any, Any, MemoryStore, list[Event]]


@asynccontextmanager
async def journaled(client: Client, store: MemoryStore | None = None) -> AsyncIterator[Case]:
    """Run a stand-in and a session with a journal."""
    store = store or MemoryStore()
    events: list[Event] = []
    async with Sandbox(client.sandbox()) as sandbox:
        session = client.session(sandbox.url, journal=Journal(store), on_event=events.append)
        async with session:
            yield sandbox, session, store, events


def booked(sandbox: Any, client: Client, reference: str = "r-1") -> int:
    """Count the rows of the truth that are the movement."""
    return sum(client.is_ours(entry, reference) for entry in sandbox.api.ledger.entries())


def state(store: MemoryStore, reference: str = "r-1") -> str:
    """Give the state of the reference's entry."""
    (entry,) = (entry for entry in store.entries.values() if entry.reference == reference)
    return entry.state


async def test_the_same_again_gives_the_same_receipt(client: Client) -> None:
    """One request, however often it is asked for; also for another session on the same journal."""
    async with journaled(client) as (sandbox, session, store, _):
        first = await client.write(session)
        assert await client.write(session) == first
        async with client.session(sandbox.url, journal=Journal(store)) as other:
            assert await client.write(other) == first
        assert (booked(sandbox, client), state(store)) == (1, "applied")


async def test_another_movement_under_the_reference_is_refused(client: Client) -> None:
    """Nothing is sent, and the error says so."""
    async with journaled(client) as (sandbox, session, *_):
        await client.write(session)
        requests = sandbox.observed.requests.total()
        with pytest.raises(ReferenceConflictError, match=r"'r-1' was used before.*nothing was sent") as caught:
            await client.write(session, "debit")
        assert caught.value.not_applied
        assert sandbox.observed.requests.total() == requests


async def test_many_at_once_are_one(client: Client) -> None:
    """Fifty callers in two sessions of two journals on one store: one request, one result for all."""
    async with journaled(client) as (sandbox, session, store, _):
        async with client.session(sandbox.url, journal=Journal(store)) as other:
            sandbox.faults.add(Fault("latency", operation="credit", seconds=(0.05, 0.05)))
            receipts = await asyncio.gather(*(client.write(one) for _ in range(25) for one in (session, other)))
        assert booked(sandbox, client) == 1
        assert all(receipt == receipts[0] for receipt in receipts)


async def lost_answer(client: Client) -> None:
    """Lose the answer of a committed credit, and ask again."""
    async with journaled(client) as (sandbox, session, store, _):
        sandbox.faults.add(Fault("close", operation="credit", times=1))
        with pytest.raises(OutcomeUnknownError):
            await client.write(session)
        assert state(store) == "in_doubt"
        receipt = await client.write(session)
        assert receipt.reference == "r-1"
        assert (booked(sandbox, client), state(store)) == (1, "applied")
        assert await client.write(session) == receipt


async def test_a_lost_answer_is_found_in_the_history(client: Client) -> None:
    """Asked for again it is not sent again: the row in the history is the receipt."""
    await lost_answer(client)


async def test_twin_sent_again_unsettled(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal that sends what is in doubt again books twice."""
    monkeypatch.setattr(once, "step", lambda entry, *_: states.Send(1 if entry is None else entry.attempt + 1))
    monkeypatch.setattr(MemoryStore, "claim", _claims_anything)
    with pytest.raises(AssertionError):
        await lost_answer(client)


async def _claims_anything(store: MemoryStore, entry: Any) -> Any:
    store.entries[entry.service, entry.reference] = entry
    return entry


async def test_what_the_history_does_not_show_stays_in_doubt(client: Client) -> None:
    """A request that was dropped unbooked is not sent again on suspicion."""
    async with journaled(client) as (sandbox, session, store, _):
        sandbox.faults.add(Fault("close", where="before", operation="credit", times=1))
        for _ in range(2):
            with pytest.raises(OutcomeUnknownError) as caught:
                await client.write(session)
            assert not caught.value.not_applied
        assert (booked(sandbox, client), state(store)) == (0, "in_doubt")


async def test_a_history_that_cannot_be_read_settles_nothing(client: Client) -> None:
    """The error is that of the movement, not that of the history: it may have been booked."""
    async with journaled(client) as (sandbox, session, store, _):
        sandbox.faults.add(Fault("close", operation="credit", times=1))
        with pytest.raises(OutcomeUnknownError):
            await client.write(session)
        sandbox.faults.add(Fault("status", operation="transactions", status=500))
        with pytest.raises(OutcomeUnknownError, match="history could not be read"):
            await client.write(session)
        assert state(store) == "in_doubt"


async def test_a_refusal_may_be_tried_again(client: Client) -> None:
    """Nothing was booked, and the wallet may hold enough tomorrow."""
    async with journaled(client) as (sandbox, session, store, _):
        sandbox.faults.add(Fault("status", operation="credit", status=400, times=1))
        with pytest.raises(RefusedError):
            await client.write(session)
        assert state(store) == "refused"
        await client.write(session)
        assert (booked(sandbox, client), state(store)) == (1, "applied")


async def test_what_was_never_sent_leaves_no_doubt(client: Client) -> None:
    """No connection: the entry says prepared, and the next call sends it."""
    store = MemoryStore()
    async with Sandbox(client.sandbox()) as sandbox:
        url = sandbox.url
    async with client.session(url, journal=Journal(store)) as session:
        with pytest.raises(ConnectError):
            await client.write(session, timeout=0.3)
    assert state(store) == "prepared"
    async with journaled(client, store) as (sandbox, session, *_):
        await client.write(session)
        assert (booked(sandbox, client), state(store)) == (1, "applied")


async def test_a_reference_is_required() -> None:
    """Without one nothing could be told from anything else; a loyalty movement has one by itself."""
    client = CLIENTS["rehook"]
    async with journaled(client) as (sandbox, session, *_):
        with pytest.raises(InvalidInputError, match="needs a reference"):
            await client.write(session, reference=None)
        assert booked(sandbox, client) == 0


async def cancelled_at(client: Client, step: int, when: When) -> bool:
    """Cancel a call at *step*, ask again, and hold what is said against the truth; give whether it was reached."""
    async with no_leaks(), journaled(client) as (sandbox, session, store, _):
        ended = await cancel_at_step(lambda: client.write(session), step, when=when)
        written = state(store) if store.entries else "nothing"
        before = booked(sandbox, client)
        assert before == 0 or written in {"in_doubt", "applied"}, f"step {step}: {written}, and it is booked"
        assert written != "sending", f"step {step}: nobody wrote its end"
        try:
            await client.write(session)
        except OutcomeUnknownError:
            assert (written, before) == ("in_doubt", 0)
        else:
            assert booked(sandbox, client) == 1, f"step {step}: {written}, then booked twice"
        return ended.reached


@pytest.mark.parametrize("when", ["suspended", "woken"])
async def test_cancelled_at_every_step(client: Client, when: When) -> None:
    """Wherever it is cancelled, the journal says what the truth bears out, and asking again never books twice."""
    step = 0
    while await cancelled_at(client, step, when):
        step += 1
    assert step > 5


async def test_twin_a_cancellation_taken_for_unsent_books_twice(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a call that was cancelled after it had left is written down as prepared, the same check fails."""
    record = MemoryStore.record

    async def blind(store: MemoryStore, entry: Any, state: Any, **words: Any) -> bool:
        return await record(store, entry, "prepared" if state == "in_doubt" else state, **words)

    monkeypatch.setattr(MemoryStore, "record", blind)
    with pytest.raises(AssertionError, match="and it is booked"):
        for step in range(100):
            await cancelled_at(client, step, "suspended")


@pytest.mark.parametrize("method", ["load", "claim"])
async def test_a_journal_that_fails_before_sends_nothing(client: Client, method: str) -> None:
    """Not readable, or not writable: a definite error, and no request."""
    async with journaled(client) as (sandbox, session, store, _):
        store.failing.add(method)
        with pytest.raises(JournalError, match="disk is full") as caught:
            await client.write(session)
        assert caught.value.not_applied
        assert booked(sandbox, client) == 0
        store.failing.clear()
        await client.write(session)
        assert booked(sandbox, client) == 1


async def test_a_true_success_is_told_though_its_record_fails(client: Client) -> None:
    """The receipt comes, a warning event too; the next call finds the row and sends nothing."""
    async with journaled(client) as (sandbox, session, store, events):
        store.failing.add("record")
        receipt = await client.write(session)
        assert receipt.reference == "r-1"
        (event,) = (event for event in events if isinstance(event, UnrecordedEvent))
        assert (event.reference, event.state) == ("r-1", "applied")
        store.failing.clear()
        assert state(store) == "sending"
        assert booked(sandbox, client) == 1


@pytest.mark.parametrize("method", ["load", "claim", "record"])
async def test_the_deadline_holds_though_the_journal_hangs(client: Client, method: str) -> None:
    """The whole call ends in its time; what is claimed is true."""
    async with journaled(client) as (sandbox, session, store, _):
        store.slow[method] = asyncio.Event()
        begun = asyncio.get_running_loop().time()
        (ended,) = await asyncio.gather(client.write(session, timeout=0.2), return_exceptions=True)
        if isinstance(ended, WalletError):
            assert ended.not_applied, "nothing had left"
        assert booked(sandbox, client) == (0 if isinstance(ended, WalletError) else 1)
        assert asyncio.get_running_loop().time() - begun < 0.2 + 0.3
        store.slow[method].set()


async def test_a_lost_file_is_made_up_for_by_the_history(client: Client) -> None:
    """A journal that was put back from a backup looks before it sends what it does not know."""
    async with journaled(client) as (sandbox, session, store, _):
        await client.write(session)
        store.entries.clear()
        store.restored = True
        receipt = await client.write(session)
        assert receipt.reference == "r-1"
        assert (booked(sandbox, client), state(store)) == (1, "applied")
        await client.write(session, reference="r-2")
        assert booked(sandbox, client, "r-2") == 1


async def test_what_is_booked_is_told_though_the_journal_fails(client: Client) -> None:
    """The history shows it, and nothing can be written: the receipt comes, never "nothing was sent"."""
    async with journaled(client) as (sandbox, session, store, events):
        await client.write(session)
        store.entries.clear()
        store.restored = True
        store.failing.add("claim")
        receipt = await client.write(session)
        assert receipt.reference == "r-1"
        assert booked(sandbox, client) == 1
        assert [event.state for event in events if isinstance(event, UnrecordedEvent)] == ["applied"]


async def test_twin_a_lost_file_unnoticed_books_twice(client: Client) -> None:
    """The same without the notice."""
    async with journaled(client) as (sandbox, session, store, _):
        await client.write(session)
        store.entries.clear()
        await client.write(session)
        assert booked(sandbox, client) == 2
