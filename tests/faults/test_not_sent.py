"""Rows 1 to 11 of the fault matrix: nothing has left, and the client must know it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import attrs
import pytest

from tests.faults.judge import HASTY, LONG, SHORT, Outcome, Watch, assert_clean, attempt, until
from tests.faults.providers import Client
from tests.kit import (
    CommitServer,
    closed_port,
    connect_proxy,
    fail_dns,
    gated,
    good,
    hang_dns,
    no_leaks,
    silent_tls,
    unanswering_listener,
)
from wallet_async.engine.calls import Kind
from wallet_async.engine.errors import ConnectError, QueueFullError, RequestTimeoutError, WalletError
from wallet_async.engine.events import Event
from wallet_async.engine.limits import Limits, Timeouts
from wallet_async.engine.transport import Evidence, client_session, direct, faults

pytestmark = pytest.mark.usefixtures("silence_skipped")

BOTH = pytest.mark.parametrize("kind", ["credit", "debit"])


@attrs.frozen(kw_only=True)
class Place:
    """Somewhere no request can be sent to."""

    url: str
    server: CommitServer | None = None
    """What listens there, if anything does."""
    hangs: bool = False
    """Only the deadline ends the call."""
    proxy: str | None = None


@contextlib.asynccontextmanager
async def place(name: str) -> AsyncIterator[Place]:
    """Set up one of `PLACES`."""
    async with contextlib.AsyncExitStack() as stack:
        if name == "1-dns-fails":
            stack.enter_context(fail_dns())
            yield Place(url="https://nowhere.invalid")
        elif name == "2-dns-hangs":
            stack.enter_context(hang_dns())
            yield Place(url="https://nowhere.invalid", hangs=True)
        elif name == "3-refused":
            yield Place(url=f"http://127.0.0.1:{stack.enter_context(closed_port())}")
        elif name == "4-connect-hangs":
            yield Place(url=f"http://127.0.0.1:{stack.enter_context(unanswering_listener())}", hangs=True)
        elif name == "6-tls-hangs":
            server = await stack.enter_async_context(silent_tls())
            yield Place(url=f"https://127.0.0.1:{server.port}", server=server, hangs=True)
        elif name == "6-plain-port":
            server = await stack.enter_async_context(CommitServer(talk_first))
            yield Place(url=f"https://127.0.0.1:{server.port}", server=server)
        else:
            proxy = await stack.enter_async_context(connect_proxy())
            yield Place(url="https://api.example", proxy=proxy.url)


async def talk_first(exchange: Any) -> None:
    """Speak plain HTTP to a client that speaks TLS."""
    await exchange.send(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
    await exchange.fin()


PLACES = (
    "1-dns-fails",
    "2-dns-hangs",
    "3-refused",
    "4-connect-hangs",
    "6-tls-hangs",
    "6-plain-port",
    "7-proxy-407",
)


async def judge_place(
    client: Client, name: str, kind: Kind = "credit", *, journal: Any = None, watch: Watch = no_leaks
) -> Outcome:
    """Make one write to a place, with a journal or without, and assert that it is known not to have been sent.

    Raises:
        AssertionError: The client claims something else, or the server saw a request.
    """
    events: list[Event] = []
    async with place(name) as where, watch():
        http = aiohttp.ClientSession(proxy=where.proxy) if where.proxy else None
        async with (
            http or contextlib.nullcontext(),
            client.session(where.url, http=http, retry=HASTY, on_event=events.append, journal=journal) as session,
        ):
            timeout = SHORT if where.hangs else LONG
            outcome = await attempt(lambda: client.write(session, kind, timeout=timeout), events)
            assert_clean(session)
        assert outcome.claim == "NOT_SENT", f"claims {outcome.claim}: {outcome.error!r}"
        assert outcome.doubts == 0
        assert where.server is None or where.server.seen == []
    assert isinstance(outcome.error, RequestTimeoutError if where.hangs else ConnectError)
    return outcome


@BOTH
@pytest.mark.parametrize("name", PLACES)
async def test_no_connection(client: Client, name: str, kind: Kind) -> None:
    """What fails before a connection is there was not sent, for certain, and is tried again if that may help."""
    outcome = await judge_place(client, name, kind)
    assert outcome.error is not None
    retryable = isinstance(outcome.error, ConnectError) and outcome.error.retryable
    assert outcome.error.attempts == (HASTY.attempts if retryable else 1)
    assert retryable == (name in {"1-dns-fails", "3-refused", "7-proxy-407"})


@pytest.mark.parametrize("name", ["4-connect-hangs", "6-tls-hangs"])
async def test_connect_timeout(client: Client, name: str) -> None:
    """A connection that is not made within `Timeouts.connect` is a `ConnectError`, and is tried again."""
    async with place(name) as where, no_leaks():
        timeouts = Timeouts(total=LONG, connect=0.03)
        async with client.session(where.url, timeouts=timeouts, retry=HASTY) as session:
            with pytest.raises(ConnectError) as caught:
                await client.write(session)
            assert_clean(session)
        assert (caught.value.attempts, caught.value.not_applied) == (HASTY.attempts, True)
        assert where.server is None or where.server.seen == []


@pytest.mark.parametrize("name", PLACES)
async def test_twin_connect_fault_in_doubt(client: Client, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that takes every failure for a possible booking is found out."""

    def doubtful(fault: BaseException, *, sent: bool) -> WalletError:
        return faults.translate(fault, sent=True)

    for module in (client_session, direct):
        monkeypatch.setattr(module, "translate", doubtful)
    if name in {"2-dns-hangs", "4-connect-hangs", "6-tls-hangs"}:
        monkeypatch.setattr(Evidence, "sent", property(lambda _: True, lambda _, value: None))
    with pytest.raises(AssertionError, match="claims UNKNOWN"):
        await judge_place(client, name)


@BOTH
@pytest.mark.parametrize("pool", ["gate", "connector"])
async def test_pool_wait(client: Client, kind: Kind, pool: str) -> None:
    """Row 8: a call whose time is up before a slot or a connection is free was not sent."""
    release, events = asyncio.Event(), list[Event]()
    async with CommitServer(gated(release, good()), flavour=client.flavour) as server, no_leaks():
        limits = Limits(max_in_flight=1 if pool == "gate" else 50)
        http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) if pool == "connector" else None
        async with (
            http or contextlib.nullcontext(),
            client.session(server.url, http=http, limits=limits, on_event=events.append) as session,
        ):
            first = asyncio.create_task(client.write(session, kind, reference="first"))
            await until(lambda: server.in_flight)
            writes = [attempt(lambda: client.write(session, kind, timeout=SHORT), events) for _ in range(20)]
            for outcome in await asyncio.gather(*writes):
                assert (outcome.claim, outcome.doubts) == ("NOT_SENT", 0)
                assert isinstance(outcome.error, RequestTimeoutError)
            release.set()
            await first
            assert_clean(session)
    assert server.commits[client.method] == len(server.seen) == 1


@BOTH
async def test_waiting_line_full(client: Client, kind: Kind) -> None:
    """A call for which there is no place in the waiting line is refused at once and was not sent."""
    release = asyncio.Event()
    async with (
        CommitServer(gated(release, good()), flavour=client.flavour) as server,
        no_leaks(),
        client.session(server.url, limits=Limits(max_in_flight=1, max_queued=1)) as session,
    ):
        accepted = [asyncio.create_task(client.write(session, kind)) for _ in range(2)]
        await until(lambda: server.in_flight and session.statistics().queued)
        with pytest.raises(QueueFullError, match="max_queued") as caught:
            await client.write(session, kind)
        assert caught.value.not_applied
        release.set()
        await asyncio.gather(*accepted)
        assert_clean(session)
    assert server.commits[client.method] == 2


@contextlib.contextmanager
def no_descriptors() -> Iterator[None]:
    """Let the process open no further file or socket."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.dup(0)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@BOTH
async def test_no_descriptors_left(client: Client, kind: Kind) -> None:
    """Row 9: with no socket to be had (EMFILE) nothing is sent, each attempt is made, and later all is well."""
    async with (
        CommitServer(good(), flavour=client.flavour) as server,
        no_leaks(),
        client.session(server.url, retry=HASTY) as session,
    ):
        with no_descriptors(), pytest.raises(ConnectError, match="Too many open files") as caught:
            await client.write(session, kind)
        assert (caught.value.attempts, caught.value.not_applied) == (HASTY.attempts, True)
        assert server.connections == 0
        await client.write(session, kind)
        assert_clean(session)
    assert server.commits[client.method] == 1
