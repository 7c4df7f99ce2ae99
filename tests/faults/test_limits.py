"""Bounds on what is in flight, waiting and how fast, and who waits for whom."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.faults.judge import HASTY, LONG, assert_clean, until
from tests.faults.loyalty_client import with_token
from tests.faults.providers import CLIENTS, Client
from tests.kit import CommitServer, Exchange, gated, good, in_turn, no_leaks, status
from wallet_async.engine.errors import QueueFullError, RateLimitError, RequestTimeoutError
from wallet_async.engine.events import Event, RetryEvent, ThrottledEvent
from wallet_async.engine.limits import Gate, Limits
from wallet_async.engine.retry import RetryPolicy
from wallet_async.engine.send import Sender

pytestmark = pytest.mark.usefixtures("silence_skipped")

MANY = 60
AT_ONCE = 7


async def few_at_once(client: Client) -> None:
    """Make many calls of both kinds at once.

    Raises:
        AssertionError: More than `AT_ONCE` of them were at the server at one time, or never as many.
    """

    async def linger(exchange: Exchange) -> None:
        await exchange.read()
        for _ in range(5):
            await asyncio.sleep(0)
        await good()(exchange)

    async with (
        CommitServer(linger, flavour=client.flavour) as server,
        no_leaks(),
        client.session(server.url, limits=Limits(max_in_flight=AT_ONCE)) as session,
    ):
        calls = [client.write(session) if n % 2 else client.read(session) for n in range(MANY)]
        tasks = [asyncio.create_task(call) for call in calls]
        await until(lambda: server.in_flight >= AT_ONCE or all(task.done() for task in tasks))
        assert session.statistics().in_flight <= AT_ONCE, "over the bound"
        await asyncio.gather(*tasks)
        assert_clean(session)
    assert len(server.seen) == MANY
    assert server.connections <= AT_ONCE, f"over the bound: {server.connections} connections"
    assert server.max_in_flight == AT_ONCE, f"over the bound: {server.max_in_flight}"


async def test_few_at_once(client: Client) -> None:
    """Never more than `Limits.max_in_flight` requests are at the server, and as many as that are."""
    await few_at_once(client)


async def test_twin_no_bound(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gate that lets everybody through is found out."""

    async def pass_through(gate: Gate) -> None:
        gate.in_flight += 1

    monkeypatch.setattr(Gate, "acquire", pass_through)
    with pytest.raises(AssertionError, match="over the bound"):
        await few_at_once(client)


async def test_waiting_line(client: Client) -> None:
    """At `Limits.max_queued` waiting calls one more is refused; first come, first served; later it holds again."""
    release, order = asyncio.Event(), list[int]()
    async with (
        CommitServer(gated(release, good()), flavour=client.flavour) as server,
        no_leaks(),
        client.session(server.url, limits=Limits(max_in_flight=1, max_queued=3)) as session,
    ):

        async def call(number: int) -> None:
            await client.write(session, reference=f"r-{number}")
            order.append(number)

        tasks = [asyncio.create_task(call(number)) for number in range(4)]
        await until(lambda: session.statistics().queued == 3 and server.in_flight)
        for refused in (client.write(session), client.read(session)):
            with pytest.raises(QueueFullError):
                await refused
        release.set()
        await asyncio.gather(*tasks)
        assert order == [0, 1, 2, 3]
        await asyncio.gather(*(client.read(session) for _ in range(4)))
        assert_clean(session)


async def pauses(client: Client, *, write: bool) -> None:
    """Let the first of several callers get a 429 with Retry-After.

    Raises:
        AssertionError: Another request reached the server before the pause was over.
    """
    pause, moments, events = 0.06, list[float](), list[Event]()
    loop = asyncio.get_running_loop()

    async def act(exchange: Exchange) -> None:
        moments.append(loop.time())
        first = status(429, headers={"Retry-After": str(pause)})
        await in_turn(first, good())(exchange)

    async with CommitServer(act, flavour=client.flavour) as server, no_leaks():
        limits = Limits(max_in_flight=1)
        async with client.session(server.url, limits=limits, on_event=events.append) as session:
            call = client.write if write else client.read
            first = asyncio.create_task(call(session))
            await until(lambda: moments)
            others = [asyncio.create_task(call(session)) for call in (client.read, client.write, client.read)]
            await asyncio.gather(first, *others)
            assert_clean(session)
            assert session.statistics().throttled == 1
    assert len(moments) == 5
    assert all(moment - moments[0] >= pause - 0.005 for moment in moments[1:]), f"too early: {moments}"
    assert [event.delay for event in events if isinstance(event, ThrottledEvent)] == [pause]


@pytest.mark.parametrize("write", [True, False], ids=["write", "read"])
async def test_429_pauses_all(client: Client, write: bool) -> None:
    """A 429 with Retry-After holds up every caller of the session; then all go on, the one refused once more."""
    await pauses(client, write=write)


async def test_twin_429_pauses_one(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client in which only the refused caller waits is found out."""
    monkeypatch.setattr(Gate, "pause", lambda gate, delay: None)
    with pytest.raises(AssertionError, match="too early"):
        await pauses(client, write=True)


async def test_429_for_too_long(client: Client) -> None:
    """A wait beyond `RetryPolicy.retry_after_max` is not waited for, by nobody; nothing was booked."""
    answer = in_turn(status(429, headers={"Retry-After": "3600"}), good())
    async with (
        CommitServer(answer, flavour=client.flavour) as server,
        no_leaks(),
        client.session(server.url) as session,
    ):
        with pytest.raises(RateLimitError) as caught:
            await client.write(session)
        assert (caught.value.not_applied, caught.value.retry_after) == (True, 3600)
        async with asyncio.timeout(LONG):
            await client.write(session)


async def at_rate(client: Client) -> float:
    """Make 21 calls at 400 a second; give the seconds they took."""
    loop = asyncio.get_running_loop()
    async with (
        CommitServer(good(), flavour=client.flavour) as server,
        no_leaks(),
        client.session(server.url, limits=Limits(rate=400)) as session,
    ):
        begun = loop.time()
        await asyncio.gather(*(client.read(session) for _ in range(21)))
        assert_clean(session)
        return loop.time() - begun


async def test_rate(client: Client) -> None:
    """No more than `Limits.rate` requests a second leave (10 ms may be caught up after a lag)."""
    assert await at_rate(client) >= 20 / 400 - 0.015


async def test_twin_no_rate(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pacing the same calls take far less time, unless the machine stands still."""

    monkeypatch.setattr(Gate, "_is_time", lambda gate: True)
    assert min([await at_rate(client) for _ in range(3)]) < 20 / 400 - 0.015


async def overtakes(client: Client) -> None:
    """With one slot, let one caller fail and back off, and a second one call meanwhile.

    Raises:
        AssertionError: The second one had to wait for the first one's back-off.
    """
    events: list[Event] = []
    async with CommitServer(in_turn(status(503), good()), flavour=client.flavour) as server, no_leaks():
        retry = RetryPolicy(wait_initial=LONG, wait_max=LONG, jitter=lambda: 0.99)
        options: dict[str, Any] = {"limits": Limits(max_in_flight=1), "on_event": events.append}
        async with client.session(server.url, retry=retry, **options) as session:
            sleeper = asyncio.create_task(client.read(session))
            await until(lambda: any(isinstance(event, RetryEvent) for event in events))
            try:
                await client.write(session, timeout=0.2)
            except RequestTimeoutError as error:
                raise AssertionError("the slot was kept") from error
            finally:
                assert not sleeper.done()
                sleeper.cancel()
                await asyncio.wait([sleeper])
            assert_clean(session)


async def test_slot_back_before_sleep(client: Client) -> None:
    """A caller that backs off holds no slot: others go on."""
    await overtakes(client)


async def test_twin_slot_kept_over_sleep(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that sleeps with the slot in hand stops everybody."""
    following = Sender._next

    def with_slot(sender: Sender, trip: Any, fault: Any) -> float:
        delay = following(sender, trip, fault)
        sender._gate.in_flight += 1
        return delay

    monkeypatch.setattr(Sender, "_next", with_slot)
    with pytest.raises(AssertionError, match="the slot was kept"):
        await overtakes(client)


async def token_with_one_slot() -> None:
    """With one slot, let several callers need a token, and need another when theirs is refused.

    Raises:
        AssertionError: They stood in each other's way.
    """
    client = CLIENTS["loyalty"]
    refused = in_turn(status(401), good())
    async with (
        CommitServer(refused, flavour=client.flavour) as server,
        CommitServer(good(), flavour=client.flavour) as host,
        no_leaks(),
        with_token(server.url, host.url, limits=Limits(max_in_flight=1), retry=HASTY) as session,
    ):
        try:
            await asyncio.gather(*(client.write(session, timeout=1.0) for _ in range(5)))
        except RequestTimeoutError as error:
            raise AssertionError("they wait for each other") from error
        assert_clean(session)
    assert server.commits == {"POST": 5}
    assert len(host.seen) == 2


async def test_token_before_slot() -> None:
    """A token is fetched before a slot is taken, once for all: one slot is enough for both."""
    await token_with_one_slot()


async def test_twin_slot_before_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other order deadlocks at one slot."""
    refresh = Sender._refresh

    async def slot_first(sender: Sender, trip: Any) -> Any:
        await sender._gate.acquire()
        try:
            return await refresh(sender, trip)
        finally:
            sender._gate.release()

    monkeypatch.setattr(Sender, "_refresh", slot_first)
    with pytest.raises(AssertionError, match="wait for each other"):
        await token_with_one_slot()
