"""G15: the timeout is the whole budget, kept to +100 ms, whatever holds the call up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from tests.faults.judge import ENOUGH, HASTY, SHORT, assert_clean, claim_of, until
from tests.faults.loyalty_client import with_token
from tests.faults.providers import CLIENTS, Client
from tests.faults.sabotage import late
from tests.faults.test_not_sent import place
from tests.kit import CommitServer, Exchange, answers, behaviours, gated, good, no_leaks, status
from wallet_async.engine.errors import RateLimitError, RequestTimeoutError, WalletError
from wallet_async.engine.limits import Limits

pytestmark = pytest.mark.usefixtures("silence_skipped")

LATE = 0.1  # seconds after the deadline that are allowed
TRIES = 3  # a stall of the machine makes one run late; a client that is late is so every time

ANSWERS: dict[str, behaviours.Behaviour] = {
    "silence": behaviours.silence(commit=True),
    "drip-head": answers.drip_head(),
    "drip-body": answers.drip_body(),
    "flood-of-continue": answers.flood_of_continue(),
    "endless-body": answers.stream(lambda _: endless(), 0.001),
}


def endless() -> Any:
    """Send a body that would take an hour to reach the bound on bodies."""
    yield answers.chunked_head()
    while True:
        yield answers.chunk(b" " * 64)


async def overrun(call: Callable[[], Awaitable[Any]], deadline: float = SHORT) -> tuple[float, WalletError]:
    """Make one call with a *deadline*; say by how many seconds it passed it, and its error."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    with pytest.raises(WalletError) as caught:
        await call()
    return loop.time() - begun - deadline, caught.value


async def in_time(call: Callable[[], Awaitable[Any]], deadline: float = SHORT) -> WalletError:
    """Assert that a call keeps its *deadline*, and use all of it.

    Raises:
        AssertionError: It was late each time.
    """
    overruns = []
    for _ in range(TRIES):
        seconds, error = await overrun(call, deadline)
        overruns.append(round(seconds, 3))
        if seconds <= LATE:
            return error
    raise AssertionError(f"late by {overruns} s")


async def side_by_side(client: Client, session: Any, deadline: float) -> tuple[WalletError, WalletError]:
    """Assert that a write and a read, made at once, keep their *deadline*; give their errors."""
    return await asyncio.gather(
        in_time(lambda: client.write(session, timeout=deadline), deadline),
        in_time(lambda: client.read(session, timeout=deadline), deadline),
    )


async def test_answer(client: Client) -> None:
    """An answer that never ends is cut at the deadline: for a write in doubt, for a read a time-out."""
    async with no_leaks():
        await asyncio.gather(*(check_answer(client, name) for name in ANSWERS))


async def check_answer(client: Client, name: str) -> None:
    """Let a write and a read meet one of `ANSWERS`."""
    async with (
        CommitServer(ANSWERS[name], flavour=client.flavour) as server,
        client.session(server.url, retry=HASTY) as session,
    ):
        wrote, read = await side_by_side(client, session, ENOUGH)
        assert claim_of(wrote) == "UNKNOWN"
        assert isinstance(read, RequestTimeoutError)
        assert_clean(session)


@pytest.mark.parametrize("name", ["2-dns-hangs", "4-connect-hangs", "6-tls-hangs"])
async def test_connecting(client: Client, name: str) -> None:
    """A look-up, a connection or a handshake that hangs is given up at the deadline."""
    async with (
        place(name) as where,
        no_leaks(),
        client.session(where.url, retry=HASTY) as session,
    ):
        wrote, read = await side_by_side(client, session, SHORT)
        assert claim_of(wrote) == "NOT_SENT"
        assert isinstance(read, RequestTimeoutError)
        assert_clean(session)


@pytest.mark.parametrize("pool", ["gate", "connector"])
async def test_full_pool(client: Client, pool: str) -> None:
    """The wait for a slot or a connection counts."""
    release = asyncio.Event()
    async with CommitServer(gated(release, good()), flavour=client.flavour) as server, no_leaks():
        one = pool == "connector"
        http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) if one else None
        async with client.session(server.url, http=http, limits=Limits(max_in_flight=50 if one else 1)) as session:
            first = asyncio.create_task(client.write(session))
            await until(lambda: server.in_flight)
            error = await in_time(lambda: client.write(session, timeout=SHORT))
            assert claim_of(error) == "NOT_SENT"
            release.set()
            await first
        if http:
            await http.close()


@pytest.mark.usefixtures("transport")
@pytest.mark.parametrize("name", ["silence", "drip-body"])
async def test_slow_token(name: str) -> None:
    """The wait for a token counts, and a credit that waited for one was not sent."""
    client = CLIENTS["loyalty"]
    async with (
        CommitServer(good(), flavour=client.flavour) as server,
        CommitServer(ANSWERS[name], flavour=client.flavour) as host,
        no_leaks(),
        with_token(server.url, host.url, retry=HASTY) as session,
    ):
        error = await in_time(lambda: client.write(session, timeout=SHORT))
        assert claim_of(error) == "NOT_SENT"
        assert_clean(session)
    assert server.seen == []


async def test_every_attempt_and_sleep(client: Client) -> None:
    """Attempts, back-off and a pause that the provider asks for all come out of one budget."""

    async def slow_503(exchange: Exchange) -> None:
        await asyncio.sleep(0.01)
        await status(503)(exchange)

    async with (
        CommitServer(slow_503, flavour=client.flavour) as server,
        no_leaks(),
        client.session(server.url) as session,
    ):
        for _ in range(3):
            seconds, _ = await overrun(lambda: client.read(session, timeout=SHORT))
            assert seconds <= LATE
    async with (
        CommitServer(status(429, headers={"Retry-After": "0.2"}), flavour=client.flavour) as server,
        no_leaks(),
        client.session(server.url) as session,
    ):
        error = await in_time(lambda: client.read(session, timeout=ENOUGH), ENOUGH)
        assert isinstance(error, RateLimitError)
        error = await in_time(lambda: client.write(session, timeout=ENOUGH), ENOUGH)
        assert error.not_applied


@pytest.mark.usefixtures("transport")
async def test_twin_no_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A transport that leaves time-outs to aiohttp, or bounds single reads only, is late."""
    late(1.5 * LATE, monkeypatch)
    client = CLIENTS["rehook"]
    async with (
        CommitServer(ANSWERS["drip-body"], flavour=client.flavour) as server,
        client.session(server.url, retry=HASTY) as session,
    ):
        with pytest.raises(AssertionError, match="late by"):
            await in_time(lambda: client.write(session, timeout=SHORT))
