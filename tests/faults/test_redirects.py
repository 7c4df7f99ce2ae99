"""G21: no redirect is followed, so no header and no body reaches another place."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from tests.faults.judge import HASTY, assert_clean, callers
from tests.faults.loyalty_client import with_token
from tests.faults.providers import CLIENTS, Client
from tests.faults.sabotage import plain_body
from tests.kit import CommitServer, good, no_leaks, redirect
from tests.kit.matrix import REDIRECTS
from wallet_async.engine.errors import OutcomeUnknownError, ResponseError, WalletError
from wallet_async.engine.transport import client_session

CODES = pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
WHERE = pytest.mark.parametrize("where", REDIRECTS.values(), ids=REDIRECTS)


async def check(client: Client, code: int, where: str, *, http: Any = None) -> None:
    """Meet a redirect with a write and a read.

    Raises:
        AssertionError: It was followed, or the errors are not right.
    """
    async with (
        CommitServer(redirect(code, where), flavour=client.flavour) as server,
        no_leaks(),
        callers(http) as given,
        client.session(server.url, http=given, retry=HASTY) as session,
    ):
        ended: list[Any] = []
        for call in (client.write, client.read):
            try:
                ended.append(await call(session))
            except WalletError as error:
                ended.append(error)
        assert_clean(session)
    assert not any(b"elsewhere" in exchange.target for exchange in server.seen), "followed"
    assert len(server.seen) == 2
    write, read = ended
    assert isinstance(write, OutcomeUnknownError)
    assert isinstance(write.reason, ResponseError)
    assert write.reason.status == code
    assert type(read) is ResponseError
    assert read.status == code
    assert "redirect" in str(read)


@CODES
@WHERE
async def test_not_followed(client: Client, code: int, where: str) -> None:
    """One request each: the write is in doubt, the read is a `ResponseError` that says why."""
    await check(client, code, where)


@CODES
@WHERE
async def test_not_followed_over_the_callers_session(provider: Client, code: int, where: str) -> None:
    """The same through the caller's session, which would follow."""
    await check(provider, code, where, http=aiohttp.ClientSession)


@CODES
@pytest.mark.parametrize("scheme", ["http", "https", "ftp", "nothing"])
async def test_elsewhere_hears_nothing(client: Client, code: int, scheme: str) -> None:
    """Another host, another scheme, a downgrade, a broken Location: whoever listens there is not even connected to."""
    async with CommitServer(good(), flavour=client.flavour) as other, no_leaks():
        place = {"nothing": "//[", "http": f"http://127.0.0.1:{other.port}/elsewhere"}
        await check(client, code, place.get(scheme, f"{scheme}://localhost:{other.port}/elsewhere"))
    assert (other.connections, other.seen) == (0, [])


@CODES
@WHERE
@pytest.mark.usefixtures("transport")
async def test_token_host(code: int, where: str) -> None:
    """A token host that redirects does not pass the client secret on, and the credit was not sent."""
    flavour = CLIENTS["loyalty"].flavour
    async with (
        CommitServer(good(), flavour=flavour) as server,
        CommitServer(redirect(code, where), flavour=flavour) as host,
        no_leaks(),
        with_token(server.url, host.url, retry=HASTY) as session,
    ):
        with pytest.raises(ResponseError) as caught:
            await CLIENTS["loyalty"].write(session)
    assert caught.value.not_applied
    assert len(host.seen) == 1
    assert server.seen == []


@CODES
@WHERE
async def test_twin_followed(provider: Client, code: int, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that follows is found out: the other place is asked."""
    request = aiohttp.ClientSession._request

    async def follow(http: aiohttp.ClientSession, *args: Any, **options: Any) -> aiohttp.ClientResponse:
        return await request(http, *args, **options | {"allow_redirects": True, "max_redirects": 2})

    monkeypatch.setattr(aiohttp.ClientSession, "_request", follow)
    monkeypatch.setattr(client_session, "OneShotBody", plain_body)
    with pytest.raises(AssertionError, match="followed"):
        await check(provider, code, where)
