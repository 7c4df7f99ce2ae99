"""The life of a session: one loop, one process, opened once, closed once, and heard of if it was not."""

from __future__ import annotations

import asyncio
import gc
import os
import warnings
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from tests.faults.judge import assert_clean, until
from tests.faults.providers import Client
from tests.kit import CommitServer, Exchange, gated, good, no_leaks
from wallet_async.engine.errors import OutcomeUnknownError, SessionClosedError
from wallet_async.engine.session import WalletSession
from wallet_async.engine.transport import client_session


async def test_use_after_close(client: Client) -> None:
    """A closed session says so, for writes, reads and opening, and nothing is sent."""
    async with CommitServer(good(), flavour=client.flavour) as server, no_leaks():
        async with client.session(server.url) as session:
            await client.read(session)
        for call in (client.write(session), client.read(session), session.__aenter__()):
            with pytest.raises(SessionClosedError, match="closed; make a new one") as caught:
                await call
            assert caught.value.not_applied
        await session.aclose()
        assert "closed" in repr(session)
    assert len(server.seen) == 1


async def test_closed_before_opened(client: Client) -> None:
    """A session that was never used can be closed, and is then closed."""
    async with no_leaks():
        session = client.session("http://127.0.0.1:9")
        await session.aclose()
        with pytest.raises(SessionClosedError):
            await client.write(session)


def test_another_loop(client: Client) -> None:
    """In another event loop the session says so, for calls and for closing; in its own it works on."""

    async def use(session: Any) -> Any:
        return await client.write(session)

    with asyncio.Runner() as own, asyncio.Runner() as other:
        server = CommitServer(good(), flavour=client.flavour)
        own.run(server.__aenter__())
        session = client.session(server.url)
        own.run(use(session))
        for call in (use, session.__class__.aclose, client.read):
            with pytest.raises(SessionClosedError, match="another event loop"):
                other.run(call(session))
        own.run(use(session))
        own.run(session.aclose())
        own.run(server.aclose())
    assert len(server.seen) == 2


def test_made_without_a_loop(client: Client) -> None:
    """It is made where no loop runs, and opens in the one that uses it first."""
    session = client.session("http://127.0.0.1:9")
    with asyncio.Runner() as runner:

        async def use() -> None:
            async with CommitServer(good(), flavour=client.flavour) as server, no_leaks():
                session.base_url = server.url
                async with session:
                    assert await client.write(session)

        runner.run(use())


def forked(check: Callable[[], None]) -> int:
    """Run *check* in a child process; give its exit code: 0 if it went well."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of a fork beside threads
        child = os.fork()
    if child == 0:
        code = 1
        try:
            check()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("loop", ["same", "new"])
def test_after_a_fork(client: Client, loop: str) -> None:
    """In a child process it says that it was opened before the fork, in the parent's loop and in a new one."""
    with asyncio.Runner() as runner:
        server = CommitServer(good(), flavour=client.flavour)
        runner.run(server.__aenter__())
        session = client.session(server.url)

        async def call() -> Any:
            return await client.write(session)

        def check() -> None:
            with pytest.raises(SessionClosedError, match="before a fork"):
                runner.run(call()) if loop == "same" else asyncio.run(call())

        runner.run(call())
        assert forked(check) == 0
        runner.run(call())
        runner.run(session.aclose())
        runner.run(server.aclose())
    assert server.commits[client.method] == 2


def test_twin_after_a_fork(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the check the child does not hear of the fork."""
    monkeypatch.setattr(WalletSession, "_check_place", lambda session: None)
    session = client.session("http://127.0.0.1:9")

    def check() -> None:
        with pytest.raises(SessionClosedError):
            asyncio.run(client.write(session))

    assert forked(check) == 1


async def test_unclosed_is_heard_of(client: Client) -> None:
    """A session that is dropped unclosed gives a ResourceWarning that names the line where it was made."""
    async with CommitServer(good(), flavour=client.flavour) as server:
        session = client.session(server.url)  # the adapter's line is the one that is named
        await client.read(session)
        transport = session._transport
        made_at = r"unclosed <(Rehook|Loyalty)Session .*, made at .*(providers|loyalty_client)\.py:\d+"
        with pytest.warns(ResourceWarning, match=made_at):
            del session
        await transport.aclose()


async def test_unused_is_not_heard_of(provider: Client) -> None:
    """A session that never opened anything may be dropped."""
    gc.collect()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        provider.session("http://127.0.0.1:9")
        gc.collect()
    assert not [warning for warning in caught if "unclosed" in str(warning.message)]


async def test_opened_in_one_task_closed_in_another(client: Client) -> None:
    """Lifespans and fixtures open and close in different tasks."""
    async with CommitServer(good(), flavour=client.flavour) as server, no_leaks():
        session = client.session(server.url)
        await asyncio.create_task(session.__aenter__())
        await asyncio.create_task(client.write(session))
        await asyncio.create_task(session.aclose())
    assert server.commits[client.method] == 1


async def waits_for_write(client: Client) -> None:
    """Close a session while a write is under way.

    Raises:
        AssertionError: The write was cut off.
    """
    release = asyncio.Event()
    async with CommitServer(gated(release, good()), flavour=client.flavour) as server, no_leaks():
        session = client.session(server.url)
        write = asyncio.create_task(client.write(session))
        await until(lambda: server.in_flight)
        closing = [asyncio.create_task(session.aclose()) for _ in range(2)]
        for _ in range(20):
            await asyncio.sleep(0)
        with pytest.raises(SessionClosedError):
            await client.write(session)
        assert not any(task.done() for task in closing)
        release.set()
        await asyncio.wait([write])
        await asyncio.gather(*closing)
        assert not isinstance(write.exception(), OutcomeUnknownError), "cut off"
        assert write.result().reference == "r-1"
        assert_clean(session)


async def test_close_waits_for_a_write(client: Client) -> None:
    """Closing takes no new call and waits for the credit that is under way; closing twice does no harm."""
    await waits_for_write(client)


async def test_twin_close_at_once(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that closes over a running write leaves it in doubt."""

    async def at_once(session: Any) -> None:
        session._closed = True
        await session._transport.aclose()
        await asyncio.sleep(0.005)

    monkeypatch.setattr(WalletSession, "aclose", at_once)
    with pytest.raises(AssertionError, match=r"cut off|assert not"):
        await waits_for_write(client)


async def test_callers_session_stays_open(client: Client) -> None:
    """`http=` is used and never closed, and closing does not wait for others on it."""
    async with CommitServer(good(), flavour=client.flavour) as server, aiohttp.ClientSession() as http:
        for _ in range(2):
            async with client.session(server.url, http=http) as session:
                await client.write(session)
        assert not http.closed
        async with http.get(server.url) as response:
            assert response.status == 200
    assert server.connections == 1


async def on_closed(client: Client, http: aiohttp.ClientSession) -> None:
    """Write through a session that somebody has closed.

    Raises:
        AssertionError: Something was sent, or it is not said to be certain that nothing was.
    """
    async with (
        CommitServer(good(), flavour=client.flavour) as server,
        client.session(server.url, http=http) as session,
    ):
        await http.close()
        with pytest.raises(SessionClosedError, match="aiohttp session is closed") as caught:
            await client.write(session)
        assert caught.value.not_applied
        assert_clean(session)
        assert not server.seen


async def test_the_callers_session_was_closed(client: Client) -> None:
    """A call on a session that its owner has closed says so, and that nothing was sent."""
    await on_closed(client, aiohttp.ClientSession())


async def test_twin_closed_and_not_asked(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody asks, aiohttp's own error comes out."""
    truth, asked = aiohttp.ClientSession.closed.fget, []

    def closed(http: aiohttp.ClientSession) -> bool:
        if not truth(http) or asked:
            return truth(http)
        asked.append("the transport's question")
        return False

    monkeypatch.setattr(aiohttp.ClientSession, "closed", property(closed))
    with pytest.raises(RuntimeError, match="Session is closed"):
        await on_closed(client, aiohttp.ClientSession())


async def test_opens_once(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten first calls at once open one transport."""
    made: list[Any] = []
    make = client_session._own_session

    def count() -> aiohttp.ClientSession:
        made.append(make())
        return made[-1]

    monkeypatch.setattr(client_session, "_own_session", count)
    async with (
        CommitServer(good(), flavour=client.flavour) as server,
        no_leaks(),
        client.session(server.url) as session,
    ):
        await asyncio.gather(*(client.write(session, reference=f"r-{number}") for number in range(10)))
    assert len(made) == 1
    assert server.commits[client.method] == 10


async def test_a_callers_error_in_the_body(client: Client) -> None:
    """Leaving `async with` by an error closes the session and lets the error through."""

    async def act(exchange: Exchange) -> None:
        await good()(exchange)

    async with CommitServer(act, flavour=client.flavour) as server, no_leaks():
        with pytest.raises(ZeroDivisionError):
            async with client.session(server.url) as session:
                await client.write(session)
                raise ZeroDivisionError
        with pytest.raises(SessionClosedError):
            await client.read(session)
