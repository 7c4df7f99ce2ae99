"""What is in doubt is settled from the history, at the right time: over real sockets, in time moved by hand."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from attrs import evolve

import rehook_async.reading
import rehook_async.sandbox
import rehook_async.wire
from tests.faults.providers import CLIENTS, Client
from tests.journal.bench import EVERY, SENDING, SETTLING, D, L, late, opened
from wallet_async.engine.errors import OutcomeUnknownError
from wallet_async.engine.events import DoubledEvent, SettledEvent
from wallet_async.engine.marker import marker
from wallet_async.engine.walk import End, Walk
from wallet_async.journal import Settling, resolver, settling
from wallet_async.sandbox import Fault


async def late_commit(client: Client, seconds: float, settling: Settling = SETTLING) -> None:
    """Give a credit up, which is booked after *seconds*; its caller asks again all the while.

    Raises:
        AssertionError: It was booked twice, or was not found.
    """
    async with opened(client, settling) as (bench, session):
        await bench.lose(session, fault=late(seconds))
        for _ in range(16):
            await bench.hands.advance(10)
            try:
                await client.write(session, timeout=SENDING)
            except OutcomeUnknownError:
                assert bench.state() == "in_doubt"
        assert bench.booked() == 1, f"booked {bench.booked()} times"
        assert bench.state() == "applied", "not found"
        assert not bench.told(DoubledEvent)


@pytest.mark.parametrize("seconds", [0.0, 3.0, 31.0, SENDING + D - 1])
async def test_a_late_commit_is_found_and_never_doubled(client: Client, seconds: float) -> None:
    """Booked up to D after it was given up: found, and nobody sends it again before."""
    await late_commit(client, seconds)


async def test_twin_no_time_to_commit_doubles(client: Client) -> None:
    """With D = 0 the same check fails."""
    with pytest.raises(AssertionError, match="booked 2 times"):
        await late_commit(client, SENDING + D - 1, Settling(commit_within=1e-6, shown_within=1e-6, every=EVERY))


async def test_twin_early_looks_counted_double(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """With looks counted that began before D + L the same check fails."""
    judge = settling.verdict

    def early(entry: Any, looks: Any, now: int, *arguments: Any, **words: Any) -> Any:
        answer = judge(entry, looks, now, *arguments, **words)
        return settling.NotApplied() if isinstance(answer, settling.Wait) and len(looks) >= 2 else answer

    monkeypatch.setattr(resolver, "verdict", early)
    with pytest.raises(AssertionError, match="booked 2 times"):
        await late_commit(client, SENDING + D - 1)


async def test_twin_another_mark_each_time_doubles(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a mark that is made anew for each attempt nothing is ever found again."""
    numbers = count()
    monkeypatch.setattr(rehook_async.wire, "mark", lambda reference: marker("rehook", f"{reference}{next(numbers)}"))
    monkeypatch.setattr(CLIENTS["rehook"], "is_ours", lambda entry, reference: True)
    with pytest.raises(AssertionError, match="booked 2 times"):
        await late_commit(CLIENTS["rehook"], 3.0)


async def proved_absent(client: Client) -> None:
    """Drop a credit, and have it settled and sent again.

    Raises:
        AssertionError: It was settled too early, or not, or not sent again.
    """
    async with opened(client) as (bench, session):
        await bench.lose(session, fault=Fault("close", where="before", operation="credit", times=1))
        await bench.hands.advance(SENDING + D + L - 1)
        assert bench.state() == "in_doubt"
        await bench.hands.advance(3 * EVERY)
        assert (bench.booked(), bench.state()) == (0, "not_applied")
        (event,) = bench.told(SettledEvent)
        assert (event.service, event.reference, event.state) == (client.name, "r-1", "not_applied")
        assert session.statistics().settled == 1
        await client.write(session)
        assert (bench.booked(), bench.state()) == (1, "applied")
        assert bench.store.entries[client.name, "r-1"].attempt == 2


async def test_what_was_dropped_is_proved_absent_and_sent_again(client: Client) -> None:
    """Not before D + L, soon after it, and the resolver itself sends nothing."""
    await proved_absent(client)


async def lagging(client: Client, settling: Settling = SETTLING) -> None:
    """Lose an answer whose row shows only after a while; asked again all the while.

    Raises:
        AssertionError: It was booked twice, or was not found.
    """
    async with opened(client, settling) as (bench, session):
        bench.sandbox.faults.add(Fault("lag", seconds=(L, L)))
        await bench.lose(session, fault=late(SENDING + D - 5))
        await bench.hands.advance(SENDING + D + L - 6)
        assert (bench.booked(), bench.state()) == (1, "in_doubt")
        await bench.hands.advance(3 * EVERY)
        assert bench.state() == "applied", "taken for absent"
        assert bench.store.entries[client.name, "r-1"].reason is None


async def test_a_lagging_history_is_waited_for(client: Client) -> None:
    """Booked at the end of D and shown at the end of L."""
    await lagging(client)


async def test_twin_no_time_to_show(client: Client) -> None:
    """With L = 0 the same check fails."""
    with pytest.raises(AssertionError, match="not_applied"):
        await lagging(client, Settling(commit_within=D, shown_within=1e-6, every=EVERY))


async def stale_replica(client: Client) -> None:
    """Let the first look after D + L meet a replica that is far behind.

    Raises:
        AssertionError: The movement, which is booked, was taken for absent.
    """
    async with opened(client) as (bench, session):
        await client.write(session, reference="r-0")
        await bench.hands.advance(L + 2 * EVERY)  # its mark has been seen, and proves nothing of what came later
        await bench.lose(session, fault=late(SENDING + D - 1))
        bench.sandbox.faults.add(Fault("lag", seconds=(1000, 1000), times=1_000_000))
        await bench.hands.advance(SENDING + D + L - 1)
        bench.sandbox.faults.clear()
        bench.sandbox.faults.add(Fault("lag", seconds=(1000, 1000), times=1))
        await bench.hands.advance(4 * EVERY)
        assert bench.state() == "applied", f"taken for {bench.state()}"


async def test_one_stale_replica_proves_nothing(client: Client) -> None:
    """The second look finds what the first one missed."""
    await stale_replica(client)


async def test_twin_one_look_is_fooled(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same with one look."""
    monkeypatch.setattr(settling, "LOOKS", 1)
    with pytest.raises(AssertionError, match="taken for not_applied"):
        await stale_replica(client)


async def first_page_only(client: Client) -> None:
    """Lose an answer, and let three pages of rows come after the row.

    Raises:
        AssertionError: It was not found.
    """
    async with opened(client) as (bench, session):
        bench.sandbox.faults.add(Fault("status", operation="transactions", status=500))
        await bench.lose(session)
        for _ in range(47):
            client.plant(bench.sandbox.api, "r-2") if client.name == "rehook" else client.arrive(bench.sandbox.api)
        bench.sandbox.faults.clear()
        bench.sandbox.faults.add(Fault("arrivals", rows=3))
        await bench.hands.advance(SENDING + D + L + 3 * EVERY)
        assert bench.state() == "applied", f"taken for {bench.state()}"


async def test_the_whole_history_is_read(client: Client) -> None:
    """Wherever the row stands, with rows that arrive while pages are read."""
    await first_page_only(client)


async def test_twin_the_first_page_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reading that stops at the first page takes for absent what stands on the third."""
    take = Walk.take
    monkeypatch.setattr(Walk, "take", lambda walk, rows, left: (take(walk, rows, left)[0], End()))
    with pytest.raises(AssertionError, match="taken for not_applied"):
        await first_page_only(CLIENTS["rehook"])


async def test_the_next_attempt_has_a_wait_of_its_own(client: Client) -> None:
    """What was looked at before it was sent again proves nothing of the new request."""
    async with opened(client) as (bench, session):
        await bench.lose(session, fault=Fault("close", where="before", operation="credit", times=1))
        while bench.state() != "not_applied":
            await bench.hands.advance(1)
        await bench.lose(session, fault=late(SENDING + D - 1))
        await bench.hands.advance(SENDING + D - 2)
        assert (bench.booked(), bench.state()) == (0, "in_doubt")
        await bench.hands.advance(L + 3 * EVERY)
        assert (bench.booked(), bench.state()) == (1, "applied")


async def test_a_row_of_an_earlier_attempt_counts(client: Client) -> None:
    """The history is read back to the first attempt, however long ago that was."""
    days = 3 * 86_400
    async with opened(client) as (bench, session):
        bench.sandbox.faults.add(Fault("status", operation="transactions", status=500))
        await bench.lose(session)
        key = (client.name, "r-1")
        entry = bench.store.entries[key]
        later = days * 1_000_000
        bench.store.entries[key] = evolve(
            entry, attempt=2, sent_at=entry.sent_at + later, send_by=entry.send_by + later
        )
        bench.hands.passed += days
        bench.sandbox.faults.clear()
        await bench.hands.advance(3 * EVERY)
        assert (bench.booked(), bench.state()) == (1, "applied")
