"""What the pool gives out: no connection that is closed, too old, or in use."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from tests.faults.judge import until
from tests.kit import CommitServer, Exchange, no_leaks
from tests.transport.common import ask, echo, opened
from wallet_async.engine.errors import DisconnectedError
from wallet_async.engine.transport import Evidence, connection, pool


async def stale() -> list[int]:
    """Ask, let the server close the idle connection, and ask again."""

    async def act(exchange: Exchange) -> None:
        await exchange.read()
        await exchange.send(echo(exchange))
        if exchange.number == 0:
            exchange.writer.close()
            exchange.over = True

    evidence = Evidence()
    async with CommitServer(act) as server, no_leaks(), opened(server.url) as transport:
        await ask(transport, "/0")
        await until(lambda: server.open_connections == 0)
        for _ in range(3):
            await asyncio.sleep(0)
        assert (await ask(transport, "/1", body=b"{}", evidence=evidence, seconds=0.2)).body == b"/1"
        return [exchange.connection for exchange in server.seen]


@pytest.mark.usefixtures("transport")
async def test_stale() -> None:
    """An idle connection that the server has closed is not written to: the request leaves once, on another."""
    assert await stale() == [0, 1]


async def test_twin_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pool that does not look at a connection before it gives it loses the request."""
    monkeypatch.setattr(pool.Pool, "take", lambda pool, now: pool._idle.pop() if pool._idle else None)
    with pytest.raises((TimeoutError, DisconnectedError)):
        await stale()


async def idle_for_long(monkeypatch: pytest.MonkeyPatch) -> bool:
    """Say whether an idle connection was closed after its time (20 ms here)."""
    monkeypatch.setattr(pool, "KEEP_ALIVE", 0.02)
    monkeypatch.setattr("wallet_async.engine.transport.client_session.KEEP_ALIVE", 0.02)
    loop = asyncio.get_running_loop()

    async def act(exchange: Exchange) -> None:
        await exchange.read()
        await exchange.send(echo(exchange))

    async with CommitServer(act) as server, no_leaks(), opened(server.url) as transport:
        await asyncio.gather(*(ask(transport, f"/{number}") for number in range(3)))
        assert transport.connections() == 3
        give_up = loop.time() + 0.3
        while transport.connections() and loop.time() < give_up:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.005)
        assert (await ask(transport)).body == b"/"
        return server.connections == 4


async def test_idle_connections_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An idle connection is closed after `KEEP_ALIVE`, before the server does it."""
    assert await idle_for_long(monkeypatch)


async def test_too_old_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is too old is not used either where the timer was late."""
    monkeypatch.setattr(pool.Pool, "_sweep", lambda pool: None)
    assert await idle_for_long(monkeypatch)


async def test_twin_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without either an old connection is used."""
    monkeypatch.setattr(pool.Pool, "_sweep", lambda pool: None)
    monkeypatch.setattr(pool.Pool, "take", lambda pool, now: pool._idle.pop() if pool._idle else None)
    assert not await idle_for_long(monkeypatch)


async def test_twin_given_back_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pool that gives one connection to two requests at once is found out: one answer goes to the wrong one."""
    own = pool.Pool.give_back

    def twice(here: pool.Pool, used: connection.Connection) -> None:
        own(here, used)
        own(here, used)

    monkeypatch.setattr(pool.Pool, "give_back", twice)
    with pytest.raises((AssertionError, TimeoutError, DisconnectedError)):
        await side_by_side()


async def side_by_side() -> None:
    """Make many requests at once, again and again, each of which has to get its own answer."""

    async def act(exchange: Exchange) -> None:
        await exchange.read()
        await asyncio.sleep(0)
        await exchange.send(echo(exchange))

    async with CommitServer(act) as server, opened(server.url) as transport:
        for turn in range(5):
            targets = [f"/{turn}-{number}" for number in range(20)]
            replies = await asyncio.gather(*(ask(transport, target, seconds=0.5) for target in targets))
            assert [reply.body.decode() for reply in replies] == targets
        assert server.connections == 20


@pytest.mark.usefixtures("transport")
async def test_side_by_side() -> None:
    """Many at once each get their own answer, over no more connections than there were requests at once."""
    async with no_leaks():
        await side_by_side()


async def too_late(clock: Callable[[], float] | None = None) -> tuple[bool, int]:
    """Send a write whose deadline is over; say whether it left, and how many connections there were."""
    evidence = Evidence()

    async def act(exchange: Exchange) -> None:
        await exchange.read()
        await exchange.send(echo(exchange))

    async with CommitServer(act) as server, opened(server.url) as transport:
        await ask(transport)
        if clock is not None:
            transport._loop = SimpleNamespace(time=clock)
        with contextlib.suppress(TimeoutError):
            await ask(transport, body=b"{}", evidence=evidence, seconds=0)
        return evidence.sent, server.connections


async def test_a_deadline_that_is_over_lets_nothing_leave() -> None:
    """A request whose time is up as its turn comes certainly did not leave: it may be sent again."""
    assert await too_late() == (False, 1)


async def test_twin_no_look_at_the_clock() -> None:
    """Sent all the same, it is in doubt."""
    assert (await too_late(lambda: -math.inf))[0]
