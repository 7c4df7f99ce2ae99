"""The resolver lives as long as its session: beside calls, after crashes, with failing journals and odd clocks."""

from __future__ import annotations

import asyncio
import gc
import weakref

import pytest

from tests.faults.judge import until
from tests.faults.providers import Client
from tests.journal.bench import EVERY, SENDING, SETTLING, D, L, late, opened
from tests.journal.hands import Hands
from tests.journal.memory import MemoryStore
from tests.kit import no_leaks
from wallet_async.engine.errors import OutcomeUnknownError
from wallet_async.engine.once import Sight
from wallet_async.journal import Journal, history, resolver
from wallet_async.journal.entry import Entry
from wallet_async.sandbox import Fault, Sandbox


async def many(client: Client) -> None:
    """Leave many in doubt that nothing can settle, and then one that is booked.

    Raises:
        AssertionError: It was not settled.
    """
    async with opened(client) as (bench, session):
        for number in range(9):
            await bench.lose(session, f"old-{number}")
            bench.sandbox.ledger._all.clear()
            bench.sandbox.ledger._rows.clear()
            bench.sandbox.ledger._by_reference.clear()
            await bench.hands.advance(0.1)
        await bench.lose(session, "new")
        await bench.hands.advance(2 * EVERY)
        assert bench.state("new") == "applied", "its turn never came"
        assert {bench.state(f"old-{number}") for number in range(9)} == {"in_doubt"}


async def test_those_that_wait_do_not_stand_in_the_way(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """More in doubt than the store is asked for at first."""
    monkeypatch.setattr(resolver, "_PAGE", 2)
    await many(client)


async def test_twin_the_first_entries_only(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same with a resolver that takes the first few for all."""
    monkeypatch.setattr(
        resolver.Resolver, "_unsettled", lambda one, now: one._store.unsettled(one._reporter.service, now=now, limit=2)
    )
    with pytest.raises(AssertionError, match="turn never came"):
        await many(client)


async def crashed(client: Client, lost: str) -> None:
    """Leave an entry ``sending``, as a process that was killed does, and let another journal settle it."""
    async with opened(client) as (bench, session):
        bench.store.failing.add("record")
        bench.sandbox.faults.add(Fault("close", where=lost, operation="credit", times=1))
        with pytest.raises(OutcomeUnknownError):
            await client.write(session, timeout=SENDING)
        await session.aclose()
        bench.store.failing.clear()
        bench.hands.resolvers -= 1
        async with bench.session():
            await bench.hands.advance(SENDING - 1)
            assert bench.state() == "sending", "its request may still leave"
            await bench.hands.advance(2 * EVERY)
            assert bench.state() == ("applied" if lost == "after" else "in_doubt")
            await bench.hands.advance(D + L + EVERY)
            assert bench.state() == ("applied" if lost == "after" else "not_applied")
        bench.hands.resolvers += 1


@pytest.mark.parametrize("lost", ["before", "after"])
async def test_what_a_dead_process_left_is_settled_by_another(client: Client, lost: str) -> None:
    """Once its request cannot leave any more."""
    await crashed(client, lost)


async def put_forward(client: Client) -> None:
    """Give a credit up that is booked late, and put the clock forward an hour."""
    async with opened(client) as (bench, session):
        await bench.lose(session, fault=late(SENDING + D - 1))
        await bench.hands.advance(EVERY)
        bench.hands.put_forward = 3600
        await bench.hands.advance(SENDING + D - 2 * EVERY)
        assert bench.state() == "in_doubt", f"taken for {bench.state()}"
        await bench.hands.advance(D + L + SENDING)
        assert (bench.booked(), bench.state()) == (1, "applied")


async def test_a_clock_that_is_put_forward_ends_no_wait(client: Client) -> None:
    """The provider had no time in the hour that was left out."""
    await put_forward(client)


async def test_twin_a_clock_believed_is_fooled(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same where the step is not noticed."""
    monkeypatch.setattr(resolver, "_STEP", 1e18)
    with pytest.raises(AssertionError, match="taken for not_applied"):
        await put_forward(client)


async def test_a_call_that_settles_it_itself_is_not_disturbed(client: Client) -> None:
    """The resolver looks at the same time: one result, the same for both."""
    async with opened(client) as (bench, session):
        bench.sandbox.faults.add(Fault("status", operation="transactions", status=500))
        await bench.lose(session)
        bench.sandbox.faults.clear()
        sweep = session._once.resolver.sweep
        _, *receipts = await asyncio.gather(sweep(), *(client.write(session) for _ in range(5)))
        assert all(receipt == receipts[0] for receipt in receipts)
        assert (bench.booked(), bench.state()) == (1, "applied")


@pytest.mark.parametrize("method", ["unsettled", "listed", "record"])
async def test_a_journal_that_fails_for_a_while(client: Client, method: str) -> None:
    """The resolver outlives it."""
    async with opened(client) as (bench, session):
        bench.sandbox.faults.add(Fault("status", operation="transactions", status=500))
        await bench.lose(session)
        bench.sandbox.faults.clear()
        bench.store.failing.add(method)
        await bench.hands.advance(50)
        bench.store.failing.clear()
        await bench.hands.advance(3 * EVERY)
        assert bench.state() == "applied"


async def test_one_that_breaks_does_not_keep_the_others(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A mistake in this library, or an entry nobody foresaw, is logged; the next entries have their turn."""
    sight = history.History.sight

    async def broken(one: history.History, entry: Entry, later: Entry | None = None) -> Sight[object]:
        if entry.reference < "r-8":
            raise ZeroDivisionError
        return await sight(one, entry, later)

    async with opened(client) as (bench, session):
        bench.sandbox.faults.add(Fault("status", operation="transactions", status=500))
        for number in range(9):
            await bench.lose(session, f"r-{number}")
        bench.sandbox.faults.clear()
        monkeypatch.setattr(history.History, "sight", broken)
        await bench.hands.advance(2 * EVERY)
        assert {bench.state(f"r-{number}") for number in range(8)} == {"in_doubt"}
        assert bench.state("r-8") == "applied"
        assert "'r-0' could not be settled" in caplog.text


@pytest.mark.parametrize("where", ["at rest", "in the history", "in the journal"])
async def test_closing_ends_it(client: Client, where: str) -> None:
    """Wherever it is, nothing is left behind, and the entry is as it was."""
    async with no_leaks(), opened(client) as (bench, session):
        bench.sandbox.faults.add(Fault("close", where="before", operation="credit", times=1))
        if where == "in the history":
            bench.sandbox.faults.add(Fault("hang", operation="transactions"))
        with pytest.raises(OutcomeUnknownError):
            await client.write(session, timeout=SENDING)
        bench.hands.resolvers -= 1
        if where == "in the journal":
            bench.store.slow["unsettled"] = asyncio.Event()
        await bench.hands.advance(EVERY)
        if where == "in the history":
            await until(lambda: bench.sandbox.observed.requests["transactions"])
        await session.aclose()
        assert bench.state() == "in_doubt"
        assert session._once._settling.done()
        bench.hands.resolvers += 1


async def test_a_forgotten_session_is_not_kept(client: Client) -> None:
    """The task that settles holds nothing: whoever forgets to close is warned as without a journal."""
    hands = Hands()
    async with Sandbox(client.sandbox()) as sandbox:
        journal = Journal(MemoryStore(), SETTLING, clock=hands.clock, monotonic=hands.monotonic, sleep=hands.rest)
        session = client.session(sandbox.url, journal=journal)
        await client.write(session)
        hands.resolvers = 1
        await hands.quiet()
        gone, connections, task = weakref.ref(session), session._transport, session._once._settling
        held = [session]
        del session

        def forget() -> None:
            held.clear()
            gc.collect()

        with pytest.warns(ResourceWarning, match="unclosed"):
            forget()
        assert gone() is None
        hands.resolvers = 0
        await hands.advance(EVERY)
        assert task.done()
        await connections.aclose()
