"""What goes out over the direct transport is what goes out over `ClientSession`."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from tests.faults.providers import CLIENTS, Client, use_transport
from tests.kit import CommitServer, Exchange, good
from wallet_async.engine.calls import Call
from wallet_async.engine.errors import InvalidInputError
from wallet_async.engine.limits import Limits, Timeouts
from wallet_async.engine.transport import client_session, pool
from wallet_async.engine.transport.client_session import ClientSessionTransport
from wallet_async.engine.transport.deadlines import Deadlines

BASES = (
    "http://127.0.0.1:{port}",
    "http://localhost:{port}",
    "http://127.0.0.1:{port}/v1",
    "http://127.0.0.1:{port}/a%20b/v1/",
)


async def seen(client: Client, base: str, transport: str) -> list[Any]:
    """Make a write and a read; give what the server saw: method, target, headers in any order, body."""
    with pytest.MonkeyPatch.context() as patch:
        use_transport(transport, patch)
        async with CommitServer(good(), flavour=client.flavour) as server:
            async with client.session(base.format(port=server.port)) as session:
                await client.write(session)
                await client.read(session)
            return [told(exchange, server.port) for exchange in server.seen]


def told(exchange: Exchange, port: int) -> tuple[str, bytes, list[tuple[str, str]], bytes | None]:
    """Make a request comparable: names of headers in lower case, the port of this run taken out."""
    headers = sorted((name.lower(), value.replace(str(port), "PORT")) for name, value in exchange.headers)
    return exchange.method, exchange.target, headers, exchange.body


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("name", CLIENTS)
async def test_the_same_request(name: str, base: str) -> None:
    """Method, target, every header and the body are the same, under a path and without one."""
    direct = await seen(CLIENTS[name], base, "direct")
    assert len(direct) == 2
    assert direct == await seen(CLIENTS[name], base, "session")


async def test_twin_another_header(monkeypatch: pytest.MonkeyPatch) -> None:
    """One header that only one of them sends is found out."""
    monkeypatch.setattr(pool, "ALWAYS", (*client_session.ALWAYS, ("X-More", "a")))
    with pytest.raises(AssertionError):
        await test_the_same_request("rehook", BASES[0])


async def head_of(base: str, target: str = "/t") -> bytes:
    """Write the head of a request to *base*, as the direct transport does."""
    http = ClientSessionTransport(base, Limits(), Timeouts())
    connector = http.http.connector
    assert connector is not None
    here = pool.Pool(base, connector, http.timeout, 1, Deadlines(connector._loop))
    try:
        return here.request(Call(operation="t", method="GET", target=target, repeatable=True), {"X-Key": "k"})
    finally:
        await http.aclose()


@pytest.mark.parametrize(
    ("base", "host"),
    [
        ("https://api.example", "api.example"),
        ("https://api.example:443", "api.example"),
        ("http://api.example:80/v1", "api.example"),
        ("https://api.example:8443", "api.example:8443"),
        ("http://[::1]", "[::1]"),
        ("http://[::1]:8080/v1", "[::1]:8080"),
        ("https://b\u00fccher.example", "xn--bcher-kva.example"),
    ],
)
async def test_host(base: str, host: str) -> None:
    """Host is what aiohttp itself would send: no default port, brackets around IPv6, names in ASCII."""
    lines = (await head_of(base)).decode().split("\r\n")
    assert [line for line in lines if line.startswith("Host:")] == [f"Host: {host}"]
    request = aiohttp.ClientRequest("GET", client_session.URL(base))
    assert request.headers["Host"] == host
    assert lines[-2:] == ["", ""]
    assert "X-Key: k" in lines


@pytest.mark.parametrize("target", ["/a b", "/a\r\nX: y", "/a\n", "/\u00e4", "/a\x00", "/a\x7f", "/a\tb"])
async def test_a_target_cannot_end_its_line(target: str) -> None:
    """What is not percent-encoded never goes out."""
    with pytest.raises(InvalidInputError, match="percent-encoded"):
        await head_of("http://127.0.0.1", target)
