"""Which answers leave their connection fit for another request, over both transports."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import pytest

from tests.kit import CommitServer, Exchange, answers, no_leaks, response
from tests.transport.common import ask, echo, opened
from wallet_async.engine.transport import connection, odd, pool

Answer = Callable[[Exchange], bytes]


def head(**headers: str) -> Answer:
    """Answer with more in the head."""
    return lambda e: response(200, e.target, {name.replace("_", "-"): value for name, value in headers.items()})


def packed(exchange: Exchange) -> bytes:
    return response(200, gzip.compress(exchange.target), {"Content-Encoding": "gzip"})


def packed_chunks(exchange: Exchange) -> bytes:
    whole = gzip.compress(exchange.target)
    start = response(200, headers=answers.CHUNKED | {"Content-Encoding": "gzip"})
    return start + answers.chunk(whole[:7]) + answers.chunk(whole[7:]) + answers.chunk(b"")


def chunks(exchange: Exchange, end: bytes = b"0\r\n\r\n") -> bytes:
    return answers.chunked_head() + b"".join(answers.chunk(bytes([byte])) for byte in exchange.target) + end


KEPT: dict[str, Answer] = {
    "common": echo,
    "says-keep-alive": head(Connection="keep-alive", Keep_Alive="timeout=5"),
    "long-head": head(**{f"X_{number}": "a" * 500 for number in range(10)}),
    "chunked": chunks,
    "chunked-with-trailers": lambda e: chunks(e, b"0;a=b\r\nX-Sum: 1\r\n\r\n"),
    "gzip": packed,
    "gzip-chunked": packed_chunks,
    "continue-first": lambda e: b"HTTP/1.1 100 Continue\r\n\r\n" + echo(e),
    "hints-first": lambda e: b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 3 + chunks(e),
    "error": lambda e: response(500, e.target),
    "redirect": lambda e: response(302, e.target, {"Location": "/elsewhere"}),
    "large": lambda e: response(200, e.target.ljust(500_000)),
}
CLOSED: dict[str, Answer] = {
    "says-close": head(Connection="close"),
    "says-close-too": head(Connection="keep-alive, close"),
    "old-version": lambda e: echo(e).replace(b"HTTP/1.1", b"HTTP/1.0"),
    "close-delimited": lambda e: response(200, e.target, {"Content-Length": ""}),
    "chunked-and-close": lambda e: chunks(e).replace(b"\r\n", b"\r\nConnection: close\r\n", 1),
}
EMPTY: dict[str, bytes] = {
    "204": response(204),
    "205": response(205),
    "304": response(304),
    "304-with-length": response(304, headers={"Content-Length": "5"}),
    "200": response(200),
}


async def asked(answer: Answer, *, pieces: int = 0, close: bool = False) -> list[int]:
    """Ask three times; give the number of the connection each went over. *pieces*: bytes sent at a time."""

    async def act(exchange: Exchange) -> None:
        await exchange.read()
        whole = answer(exchange)
        for start in range(0, len(whole), pieces or len(whole)):
            await exchange.send(whole[start : start + (pieces or len(whole))])
        if close:
            await exchange.fin()

    async with CommitServer(act) as server, no_leaks(), opened(server.url) as transport:
        for number in range(3):
            assert (await ask(transport, f"/{number}")).body.rstrip() in {b"/%d" % number, b""}
            assert transport.connections() <= 1
        return [exchange.connection for exchange in server.seen]


@pytest.mark.usefixtures("transport")
@pytest.mark.parametrize("pieces", [0, 1, 7], ids=["whole", "bytes", "sevens"])
@pytest.mark.parametrize("name", KEPT)
async def test_kept(name: str, pieces: int) -> None:
    """Whatever says that it is whole leaves one connection for all, however it was cut on its way."""
    if name == "large":
        pieces *= 10_000
    assert await asked(KEPT[name], pieces=pieces) == [0, 0, 0]


@pytest.mark.usefixtures("transport")
@pytest.mark.parametrize("name", EMPTY)
async def test_empty(name: str) -> None:
    """An answer that cannot have a body, or says that it has none, has none, and keeps the connection."""
    used = await asked(lambda _: EMPTY[name])
    assert used == [0, 0, 0]


@pytest.mark.usefixtures("transport")
@pytest.mark.parametrize("close", [True, False], ids=["closes", "stays-open"])
@pytest.mark.parametrize("name", CLOSED)
async def test_closed(name: str, close: bool) -> None:
    """Whatever says that it is the last is the last, whether the server then closes or not."""
    assert await asked(CLOSED[name], close=close or name == "close-delimited") == [0, 1, 2]


async def test_twin_never_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pool that keeps nothing is found out."""
    monkeypatch.setattr(pool.Pool, "give_back", lambda pool, connection: connection.close())
    assert await asked(echo) == [0, 1, 2]


@pytest.mark.parametrize("name", ["old-version", "chunked-and-close"])
async def test_twin_always_kept(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that is kept against the answer's word is found out."""

    async def fit(handler: object, bound: int) -> object:
        reply, _ = await odd.read_parsed(handler, bound)  # type: ignore[arg-type]
        return reply, True

    async def at_its_end(handler: object) -> bool:
        return True

    monkeypatch.setattr(connection, "read_parsed", fit)
    monkeypatch.setattr(connection, "is_at_its_end", at_its_end)
    monkeypatch.setattr(connection.Connection, "usable", True)
    assert await asked(CLOSED[name]) == [0, 0, 0]
