"""Each event moves points once: delivered again, after lost answers and outages, for another movement, out of order."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
from attrs import evolve

from rehook_async import Movement
from tests.consume.common import world
from tests.faults.providers import CLIENTS, Client
from tests.journal.memory import MemoryStore
from wallet_async.consume import Ack, Consumer, DeadLetter, Redelivery, Retry
from wallet_async.engine.errors import InvalidInputError, OutcomeUnknownError, RefusedError
from wallet_async.engine.events import DeadLetterEvent, RedeliveryEvent
from wallet_async.journal import Journal, JournalError, ReferenceConflictError
from wallet_async.journal.entry import Entry, State
from wallet_async.journal.once import Once
from wallet_async.journal.receiving import Receiver
from wallet_async.sandbox import Fault


async def deliver_thrice(client: Client, store: MemoryStore | None = None) -> None:
    """Let an event come again, also to another process.

    Raises:
        AssertionError: Another delivery than the first sent its movement, or had no receipt, or another one.
    """
    async with world(client, store) as it, it.consumer() as consumer:
        first = await consumer.handle("1", it.movement("r-1"), deliveries=1)
        assert isinstance(first, Ack)
        assert await consumer.handle("1", it.movement("r-1"), deliveries=2) == first
        async with it.consumer() as other:
            assert await other.handle("1", it.movement("r-1"), deliveries=3) == first
        assert it.sandbox.observed.requests["credit"] == 1
        assert it.booked(["r-1"]) == {"r-1": 1}


async def test_it_is_booked_once_however_often_it_comes(client: Client) -> None:
    """Every delivery has the same receipt, and only the first sends the credit."""
    await deliver_thrice(client)


class ForgetfulStore(MemoryStore):
    """Forgets what is booked."""

    async def record(self, entry: Entry, state: State, **words: Any) -> bool:
        del self.entries[entry.service, entry.reference]
        return True


async def test_twin_a_journal_that_forgets(client: Client) -> None:
    """Sabotaged twin: without its entry the movement is sent again."""
    with pytest.raises(AssertionError):
        await deliver_thrice(client, ForgetfulStore())


async def another_movement(client: Client) -> None:
    """Let an event come twice, the second time for something else."""
    async with world(client) as it, it.consumer() as consumer:
        await consumer.handle("1", it.movement("r-1"), deliveries=1)
        for movement in (it.movement("r-2"), it.movement("r-1", wallet=1), it.movement("r-1", amount=21)):
            outcome = await consumer.handle("1", movement, deliveries=2)
            assert isinstance(outcome, DeadLetter)
            assert isinstance(outcome.error, ReferenceConflictError)
        assert it.booked(["r-1", "r-2"]) == {"r-1": 1, "r-2": 0}


async def test_an_event_stands_for_one_movement(client: Client) -> None:
    """Under another reference, for another wallet or amount it is given up, and nothing is sent."""
    await another_movement(client)


async def test_twin_without_the_inbox(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """With nothing but references, the same event is booked again under another one."""

    async def nothing(*_: Any) -> None: ...

    monkeypatch.setattr(Receiver, "receive", nothing)
    with pytest.raises(AssertionError):
        await another_movement(client)


async def test_two_events_of_one_reference_are_one_movement(client: Client) -> None:
    """The business's event under another message id: one booking, and both are acknowledged."""
    async with world(client) as it, it.consumer() as consumer:
        ids = ["message-1", "message-2", "message-3"]
        outcomes = await asyncio.gather(*(consumer.handle(one, it.movement("r-1"), deliveries=1) for one in ids))
        assert all(isinstance(outcome, Ack) for outcome in outcomes)
        assert it.booked(["r-1"]) == {"r-1": 1}
        assert len(it.store.inbox) == 3


async def test_a_movement_without_a_reference_has_the_event_s() -> None:
    """It is made of the source and the event's id, the same at every delivery."""
    async with world(CLIENTS["rehook"]) as it, it.consumer() as consumer:
        source_id, wallet_id = it.wallets[0]
        movement = Movement(kind="credit", source_id=source_id, wallet_id=wallet_id, points=20)
        for _ in range(2):
            receipt = await consumer.once("1849", movement)
            assert receipt.reference == "orders/1849"
        assert it.booked(["orders/1849"]) == {"orders/1849": 1}


async def test_a_lost_answer_is_asked_for_again(client: Client) -> None:
    """The outcome is unknown, the message comes again, and the history has the receipt."""
    async with world(client) as it, it.consumer() as consumer:
        it.sandbox.faults.add(Fault("close", operation="credit", times=1))
        first = await consumer.handle("1", it.movement("r-1"), deliveries=1)
        assert isinstance(first, Retry)
        assert isinstance(first.error, OutcomeUnknownError)
        assert isinstance(await consumer.handle("1", it.movement("r-1"), deliveries=2), Ack)
        assert it.booked(["r-1"]) == {"r-1": 1}


@pytest.mark.parametrize("method", ["receive", "load", "claim"])
async def test_a_journal_that_is_away_sends_nothing(client: Client, method: str) -> None:
    """The message comes again, and is booked once the journal is back."""
    async with world(client) as it, it.consumer() as consumer:
        it.store.failing.add(method)
        outcome = await consumer.handle("1", it.movement("r-1"), deliveries=100)
        assert isinstance(outcome, Retry)
        assert isinstance(outcome.error, JournalError)
        assert it.booked(["r-1"]) == {"r-1": 0}
        it.store.failing.clear()
        assert isinstance(await consumer.handle("1", it.movement("r-1"), deliveries=101), Ack)


async def test_a_journal_that_hangs_sends_nothing(client: Client) -> None:
    """The time is up while the event is written down: the message comes again."""
    async with world(client) as it, it.consumer() as consumer:
        it.store.slow["receive"] = asyncio.Event()
        consumer._booking = evolve(consumer._booking, total=0.01)
        outcome = await consumer.handle("1", it.movement("r-1"), deliveries=1)
        assert isinstance(outcome, Retry)
        assert outcome.error.not_applied
        assert it.booked(["r-1"]) == {"r-1": 0}


async def sent_before_the_backup(client: Client) -> None:
    """Put the journal back to where an event was received, and the movement not sent yet."""
    async with world(client) as it, it.consumer() as consumer:
        it.store.failing.add("claim")
        await consumer.handle("1", it.movement("r-1"), deliveries=1)
        backup = dict(it.store.entries)
        it.store.failing.clear()
        await consumer.handle("1", it.movement("r-1"), deliveries=2)
        it.store.entries, it.store.restored = backup, True
        assert isinstance(await consumer.handle("1", it.movement("r-1"), deliveries=3), Ack)
        assert it.booked(["r-1"]) == {"r-1": 1}


async def test_a_journal_that_was_put_back_books_nothing_twice(client: Client) -> None:
    """What its entry calls unsent may have been sent since: the history is looked at first."""
    await sent_before_the_backup(client)


async def test_twin_a_restored_entry_is_believed(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking only where there is no entry books twice."""
    looking = Once._booked_before

    async def if_unknown(once: Once, call: Any, before: Any) -> Any:
        return await looking(once, call, before) if before is None else None

    monkeypatch.setattr(Once, "_booked_before", if_unknown)
    with pytest.raises(AssertionError):
        await sent_before_the_backup(client)


async def test_an_event_that_comes_after_pruning(client: Client) -> None:
    """It was booked, and is acknowledged, though neither the journal nor the history has its receipt now."""
    async with world(client) as it, it.consumer() as consumer:
        await consumer.handle("1", it.movement("r-1"), deliveries=1)
        it.store.entries = {key: evolve(one, movement="", receipt=None) for key, one in it.store.entries.items()}
        it.sandbox.faults.add(Fault("status", operation="transactions", status=400))
        assert await consumer.handle("1", it.movement("r-1"), deliveries=2) == Ack(None)
        assert it.booked(["r-1"]) == {"r-1": 1}


async def debits_first(client: Client, seed: int, policy: Redelivery) -> None:
    """Deliver credits and the debits that live on them in any order, again and again until none is left."""
    rng = random.Random(seed)
    async with world(client) as it, it.consumer(redelivery=policy) as consumer:
        events = {f"c-{n}": it.movement(f"c-{n}", wallet=n % 2) for n in range(6)}
        events |= {f"d-{n}": it.movement(f"d-{n}", wallet=n % 2, kind="debit") for n in range(6)}
        waiting, deliveries = list(events), 0
        while waiting:
            deliveries += 1
            rng.shuffle(waiting)
            if deliveries == 1:
                waiting.sort(reverse=True)  # every debit before its credit
            outcomes = [await consumer.handle(name, events[name], deliveries=deliveries) for name in waiting]
            assert not [outcome for outcome in outcomes if isinstance(outcome, DeadLetter)], f"seed {seed}"
            pairs = zip(waiting, outcomes, strict=True)
            waiting = [name for name, outcome in pairs if isinstance(outcome, Retry)]
        assert deliveries > 1
        assert set(it.booked(events).values()) == {1}


@pytest.mark.parametrize("seed", range(2))
async def test_a_debit_before_its_credit_is_not_lost(client: Client, seed: int) -> None:
    """Events out of order are all booked, each once."""
    await debits_first(client, seed, Redelivery())


async def test_twin_a_refused_debit_is_given_up(client: Client) -> None:
    """Taking the first no for the last loses debits."""
    with pytest.raises(AssertionError):
        await debits_first(client, 0, Redelivery(max_deliveries=1))


async def test_what_becomes_of_a_message_is_told(client: Client) -> None:
    """`on_event` hears of each one that is given back or given up."""
    async with world(client) as it, it.consumer(redelivery=Redelivery(max_deliveries=2)) as consumer:
        debit = it.movement("r-1", kind="debit")
        first = await consumer.handle("1", debit, deliveries=1)
        second = await consumer.handle("1", debit, deliveries=2)
        assert isinstance(first, Retry)
        assert isinstance(second, DeadLetter)
        assert isinstance(second.error, RefusedError)
        told = [event for event in it.events if isinstance(event, RedeliveryEvent | DeadLetterEvent)]
        one = {"service": client.name, "source": "orders", "event_id": "1"}
        assert told == [
            RedeliveryEvent(**one, deliveries=1, delay=1.0, error=first.error),
            DeadLetterEvent(**one, deliveries=2, error=second.error),
        ]


async def test_arguments_that_do_not_fit(client: Client) -> None:
    """An id, a movement or a reference that cannot be used is a dead letter, and leaves nothing in the journal."""
    async with world(client) as it, it.consumer() as consumer:
        foreign: Any = "credit 20"
        for event_id, movement in [("", it.movement("r-1")), ("a\0b", it.movement("r-1")), ("1", foreign)]:
            outcome = await consumer.handle(event_id, movement, deliveries=1)
            assert isinstance(outcome, DeadLetter)
            assert isinstance(outcome.error, InvalidInputError)
        assert (it.store.inbox, it.store.entries) == ({}, {})


async def test_a_consumer_that_cannot_work_is_not_made(client: Client) -> None:
    """A session without a journal, a source with a slash or none, a policy of another kind."""
    wrong: Any = "often"
    bare = client.session("http://127.0.0.1:1")
    with pytest.raises(InvalidInputError, match="journal="):
        Consumer(bare, source="orders")
    session = client.session("http://127.0.0.1:1", journal=Journal(MemoryStore()))
    for options in ({"source": ""}, {"source": "a/b"}, {"source": "orders", "redelivery": wrong}):
        with pytest.raises(InvalidInputError):
            Consumer(session, **options)
    with pytest.raises(InvalidInputError, match="session"):
        Consumer(wrong, source="orders")
