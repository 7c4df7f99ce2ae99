"""G20: a server that cannot prove who it is gets no byte of a credential, and is asked once."""

from __future__ import annotations

import ssl
from typing import Any

import aiohttp
import pytest

from tests.faults.judge import HASTY, assert_clean
from tests.faults.loyalty_client import with_token
from tests.faults.providers import CLIENTS, Client
from tests.kit import BAD_TLS, CommitServer, TlsKind, certificates, good, no_leaks, old_tls
from wallet_async.engine.calls import Kind
from wallet_async.engine.errors import ConnectError

KINDS = (*BAD_TLS, "private-ca")
"""Everything a session has to refuse; the last one is sound, but its authority is unknown to the system."""


def trusting(context: ssl.SSLContext) -> aiohttp.ClientSession:
    """Make a session of the caller's that trusts an authority of its own."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context))


async def check(client: Client, kind: str, *, write: Kind | None, http: bool) -> None:
    """Make one call to a server with unsound TLS.

    Raises:
        AssertionError: A request got through, or the error or the number of attempts is wrong.
    """
    certs = certificates("good" if kind == "private-ca" else kind)
    async with CommitServer(good(), flavour=client.flavour, tls=certs.server) as server, no_leaks():
        given = trusting(certs.client()) if http else None
        async with client.session(server.url, http=given, retry=HASTY) as session:
            error: Any = None
            try:
                await (client.write(session, write) if write else client.read(session))
            except ConnectError as caught:
                error = caught
            assert_clean(session)
        if given is not None:
            await given.close()
    assert server.seen == [], "a request got through"
    assert (error.not_applied, error.retryable, error.attempts) == (True, False, 1)


@pytest.mark.parametrize("write", ["credit", "debit", None])
@pytest.mark.parametrize("kind", KINDS)
async def test_refused(client: Client, kind: str, write: Kind | None) -> None:
    """Expired, not yet valid, another host's, self-signed, of an unknown authority: refused at the handshake, once."""
    await check(client, kind, write=write, http=False)


@pytest.mark.parametrize("kind", BAD_TLS)
async def test_refused_over_the_callers_session(provider: Client, kind: TlsKind) -> None:
    """Each fault by itself: the caller's session trusts the authority, and still refuses the certificate."""
    await check(provider, kind, write="credit", http=True)


async def test_old_version(client: Client) -> None:
    """A server that speaks TLS 1.1 at most is refused, once, and nothing was sent."""
    async with (
        old_tls() as server,
        no_leaks(),
        client.session(f"https://127.0.0.1:{server.port}", retry=HASTY) as session,
    ):
        with pytest.raises(ConnectError) as caught:
            await client.write(session)
    error = caught.value
    assert (error.not_applied, error.retryable, error.attempts) == (True, False, 1)
    assert server.seen == []


async def test_a_private_authority_works(provider: Client) -> None:
    """A sound certificate of an authority that the caller's session trusts is accepted; one commit."""
    certs = certificates()
    async with (
        CommitServer(good(), flavour=provider.flavour, tls=certs.server) as server,
        no_leaks(),
        trusting(certs.client()) as http,
        provider.session(server.url, http=http, retry=HASTY) as session,
    ):
        assert await provider.write(session)
        assert await provider.read(session)
    assert server.commits[provider.method] == 1


@pytest.mark.usefixtures("transport")
@pytest.mark.parametrize("kind", KINDS)
async def test_token_host(kind: str) -> None:
    """A token host that cannot prove who it is gets no client secret, and the credit was not sent."""
    certs = certificates("good" if kind == "private-ca" else kind)
    flavour = CLIENTS["loyalty"].flavour
    async with (
        CommitServer(good(), flavour=flavour) as server,
        CommitServer(good(), flavour=flavour, tls=certs.server) as host,
        no_leaks(),
        with_token(server.url, host.url, retry=HASTY) as session,
    ):
        with pytest.raises(ConnectError) as caught:
            await CLIENTS["loyalty"].write(session)
    assert (caught.value.not_applied, caught.value.retryable) == (True, False)
    assert host.seen == server.seen == []


@pytest.mark.parametrize("kind", BAD_TLS)
async def test_twin_unverified(provider: Client, kind: TlsKind, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that does not verify hands its credentials to anybody."""

    def careless(context: ssl.SSLContext) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=False))

    monkeypatch.setattr("tests.faults.test_tls.trusting", careless)
    with pytest.raises(AssertionError, match="a request got through"):
        await check(provider, kind, write="credit", http=True)
