"""A credit leaves once, whatever aiohttp, a middleware or a lost connection would have it do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from tests.faults.judge import HASTY, SMALL, assert_clean, claim_of, judge
from tests.faults.providers import CLIENTS, Client, use_transport
from tests.faults.sabotage import plain_body, sends_again
from tests.kit import ROWS, CommitServer, Exchange, behaviours, closed_port, in_turn, no_leaks
from wallet_async.engine.errors import ConnectError, OutcomeUnknownError, WalletError
from wallet_async.engine.transport import client_session

pytestmark = pytest.mark.usefixtures("silence_skipped")

LOST = (
    "15-fin-committed",
    "15-rst-committed",
    "16-silence-committed",
    "21-short-body-committed",
    "38-502-html-committed",
)
"""Committed, and then: closed, reset, hung, cut short, 502."""


async def again(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Do what many do: send again after a lost connection or a 5xx."""
    try:
        response = await handler(request)
    except aiohttp.ClientError:
        return await handler(request)
    if response.status < 500:
        return response
    response.close()
    return await handler(request)


def with_middleware() -> aiohttp.ClientSession:
    """Make a session of the caller's that sends everything twice when in doubt."""
    return aiohttp.ClientSession(middlewares=[again])


SESSIONS = {"own": None, "callers": aiohttp.ClientSession, "retrying": with_middleware}


@pytest.mark.parametrize("http", SESSIONS.values(), ids=SESSIONS)
@pytest.mark.parametrize("name", LOST)
async def test_sees_one_request(client: Client, name: str, http: Callable[[], aiohttp.ClientSession] | None) -> None:
    """The server commits once, sees one request, and the caller gets `OutcomeUnknownError` with all that settles it."""
    outcome = await judge(client, ROWS[name], http=http)
    error = outcome.error
    assert isinstance(error, OutcomeUnknownError)
    assert (error.movement.amount, error.movement.reference, error.attempts) == (20, "r-1", 1)


@pytest.mark.parametrize("name", ["15-fin-committed", "15-rst-committed"])
async def test_twin_plain_body(provider: Client, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the body aiohttp would use, its own resend commits a PUT twice; a POST is resent by a middleware only."""
    monkeypatch.setattr(client_session, "OneShotBody", plain_body)
    http = aiohttp.ClientSession if provider.silent_resend else with_middleware
    with pytest.raises(AssertionError, match=r"2\} commits"):
        await judge(provider, ROWS[name], http=http)


@pytest.mark.parametrize("name", ["15-fin-committed", "15-rst-committed"])
async def test_twin_direct_sends_again(provider: Client, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A direct transport that does as aiohttp does commits twice."""
    sends_again(monkeypatch)
    with pytest.raises(AssertionError, match=r"2\} commits"):
        await judge(provider, ROWS[name])


@pytest.mark.parametrize("http", SESSIONS.values(), ids=SESSIONS)
@pytest.mark.parametrize("end", ["fin", "rst"])
async def test_commits_and_stops_listening(client: Client, end: behaviours.End, http: Any) -> None:
    """A silent second try that finds the port closed must not turn a booked credit into "not sent"."""
    await judge_stop(client, end, http)


@pytest.mark.parametrize("end", ["fin", "rst"])
async def test_twin_commits_and_stops_listening(
    provider: Client, end: behaviours.End, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the evidence of the first try, the refused second one passes for "not sent"."""
    monkeypatch.setattr(client_session, "OneShotBody", plain_body)
    with pytest.raises(AssertionError, match="NOT_SENT"):
        await judge_stop(provider, end, aiohttp.ClientSession if provider.silent_resend else with_middleware)


async def test_twin_direct_sends_again_and_nobody_listens(provider: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A direct transport that sends again and forgets the first time takes the refused second one for "not sent"."""
    sends_again(monkeypatch)
    with pytest.raises(AssertionError, match="NOT_SENT"):
        await judge_stop(provider, "fin", None)


async def judge_stop(client: Client, end: behaviours.End, make: Callable[[], aiohttp.ClientSession] | None) -> None:
    """Make one write to a server that commits it, stops listening, and only then ends the connection."""

    async def act(exchange: Exchange) -> None:
        await exchange.read()
        exchange.commit()
        listener = exchange.server._server
        assert listener is not None
        listener.close()
        await behaviours.finish(exchange, end)

    async with CommitServer(act, flavour=client.flavour) as server, no_leaks():
        http = make() if make else None
        async with client.session(server.url, http=http, retry=HASTY) as session:
            with pytest.raises(WalletError) as caught:
                await client.write(session)
        if http:
            await http.close()
    assert server.commits[client.method] == 1
    assert claim_of(caught.value) == "UNKNOWN", claim_of(caught.value)


async def test_refused(client: Client) -> None:
    """With the connection refused the caller gets `ConnectError` after all attempts."""
    with closed_port() as port:
        async with client.session(f"http://127.0.0.1:{port}", retry=HASTY) as session:
            with pytest.raises(ConnectError) as caught:
                await client.write(session)
    assert (caught.value.attempts, caught.value.not_applied) == (3, True)


@pytest.mark.parametrize("end", ["fin", "rst"])
async def test_a_read_is_not_multiplied(client: Client, end: behaviours.End) -> None:
    """A read leaves `RetryPolicy.attempts` times and no more: aiohttp's own resend would double an outage's traffic."""
    await judge_reads(client, end)


async def judge_reads(client: Client, end: behaviours.End) -> None:
    """Make one read of a server that never answers it, and count."""
    dead = behaviours.cut_after_read(commit=False, end=end)
    async with CommitServer(dead, flavour=client.flavour) as server, no_leaks():
        async with client.session(server.url, retry=HASTY) as session:
            with pytest.raises(WalletError) as caught:
                await client.read(session)
        assert len(server.seen) == caught.value.attempts == HASTY.attempts, f"{len(server.seen)} reads"


async def test_twin_a_read_is_multiplied(monkeypatch: pytest.MonkeyPatch) -> None:
    """With aiohttp's own resend left on, three attempts at Rehook's GET are six requests."""
    use_transport("session", monkeypatch)
    make = client_session._own_session

    def resending() -> aiohttp.ClientSession:
        http = make()
        http._retry_connection = True
        return http

    monkeypatch.setattr(client_session, "_own_session", resending)
    with pytest.raises(AssertionError, match="6 reads"):
        await judge_reads(CLIENTS["rehook"], "fin")


async def test_twin_direct_multiplies_a_read(provider: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a resend of the direct transport's own, three attempts are six requests."""
    sends_again(monkeypatch)
    with pytest.raises(AssertionError, match="6 reads"):
        await judge_reads(provider, "fin")


async def test_a_read_is_repeated(client: Client) -> None:
    """The same loss that leaves a write in doubt costs a read one more request."""
    lost = behaviours.cut_after_read(commit=False, end="rst")
    async with (
        CommitServer(in_turn(lost, behaviours.good()), flavour=client.flavour) as server,
        no_leaks(),
        client.session(server.url, retry=HASTY, limits=SMALL) as session,
    ):
        assert await client.read(session)
        assert session.statistics().retries == 1
        assert_clean(session)
    assert len(server.seen) == 2


async def test_many_writes_in_an_outage(client: Client) -> None:
    """Of many credits at once, each is committed once and each is in doubt."""
    row = ROWS["15-rst-committed"]
    async with (
        CommitServer(row, flavour=client.flavour) as server,
        no_leaks(),
        client.session(server.url, retry=HASTY) as session,
    ):
        writes = [client.write(session, reference=f"r-{number}") for number in range(100)]
        ended = await asyncio.gather(*writes, return_exceptions=True)
        assert session.statistics().unknown == 100
        assert_clean(session)
    assert {claim_of(error) for error in ended if isinstance(error, WalletError)} == {"UNKNOWN"}
    assert sorted(error.reference for error in ended) == sorted(f"r-{number}" for number in range(100))
    assert server.commits[client.method] == len(server.seen) == 100
