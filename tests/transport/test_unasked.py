"""What nobody asked for closes the connection it came over, and is never the answer to another request."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.faults.judge import until
from tests.kit import CommitServer, Exchange, answers, no_leaks, response
from tests.transport.common import Credulous, ask, echo, opened
from wallet_async.engine.errors import ConnectError, DecodeError
from wallet_async.engine.transport import Evidence, connection, inside, pool

STRAY = response(200, b"somebody else's")
CHUNKED_STRAY = answers.chunked_head() + answers.chunk(b"somebody else's") + answers.chunk(b"")


def chunked(exchange: Exchange) -> bytes:
    """Answer with the target asked for, in a chunk."""
    return answers.chunked_head() + answers.chunk(exchange.target) + answers.chunk(b"")


UNASKED: dict[str, tuple[Any, tuple[bytes, ...]]] = {
    # the answer, what comes in the same segment, and then in later ones
    "same-segment": (echo, (STRAY,)),
    "same-segment-part": (echo, (STRAY[:20], STRAY[20:])),
    "same-segment-byte": (echo, (b"H",)),
    "same-segment-blank-line": (echo, (b"\r\n",)),
    "later": (echo, (b"", STRAY)),
    "later-parts": (echo, (b"", STRAY[:20], STRAY[20:])),
    "later-chunked": (echo, (b"", CHUNKED_STRAY)),
    "odd-same-segment": (chunked, (STRAY,)),
    "odd-same-segment-chunked": (chunked, (CHUNKED_STRAY,)),
    "odd-same-segment-part": (chunked, (STRAY[:20], STRAY[20:])),
    "odd-same-segment-head": (chunked, (STRAY[:-15], STRAY[-15:])),
    "odd-same-segment-byte": (chunked, (b"H",)),
    "odd-same-segment-partial": (chunked, (STRAY[:20],)),
    "odd-later": (chunked, (b"", STRAY)),
}


async def check(name: str) -> None:
    """Make a request, let something come unasked with or after its answer, and make two more.

    Raises:
        AssertionError: A wrong answer came out, or the connection was used again.
    """
    answer, (same, *later) = UNASKED[name]
    asked = asyncio.Event()

    async def act(exchange: Exchange) -> None:
        await exchange.read()
        first = exchange.number == 0
        await exchange.send(answer(exchange) + (same if first else b""))
        if first:
            await asked.wait()
            for piece in later:
                await exchange.send(piece)

    async with CommitServer(act) as server, no_leaks(), opened(server.url) as transport:
        assert (await ask(transport, "/0")).body == b"/0"
        asked.set()
        # A turn for each piece to be sent, and one to be read.
        for _ in range(20):
            await asyncio.sleep(0)
        assert [(await ask(transport, f"/{number}")).body for number in (1, 2)] == [b"/1", b"/2"], "a wrong answer"
        used = [exchange.connection for exchange in server.seen]
        assert used == [0, 1, 1], f"used again: {used}"


@pytest.mark.parametrize("name", UNASKED)
async def test_closes_the_connection(name: str) -> None:
    """Whenever it comes, in one piece or more, the next request goes over another connection and is answered right."""
    await check(name)


@pytest.mark.parametrize("name", ["same-segment", "later", "later-parts"])
async def test_twin_credulous(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that keeps what comes for the next request is found out."""
    monkeypatch.setattr(pool, "Connection", Credulous)
    with pytest.raises(AssertionError, match="a wrong answer"):
        await check(name)


async def test_garbage_after_an_odd_answer() -> None:
    """aiohttp's parser gives up the answer as well then: an error of ours, and the next request is answered right."""

    async def act(exchange: Exchange) -> None:
        await exchange.read()
        await exchange.send(chunked(exchange) + b"\x00\x01" * (exchange.number == 0))

    async with CommitServer(act) as server, no_leaks(), opened(server.url) as transport:
        with pytest.raises(DecodeError):
            await ask(transport, "/0")
        assert (await ask(transport, "/1")).body == b"/1"
    assert server.connections == 2


@pytest.mark.parametrize("name", ["odd-same-segment-byte", "odd-same-segment-partial"])
async def test_twin_trusts_the_parser(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """aiohttp's parser does not tell that it holds the beginning of another answer: not to ask it is found out."""

    async def no_question(handler: Any) -> bool:
        return True

    monkeypatch.setattr(connection, "is_at_its_end", no_question)
    with pytest.raises(AssertionError, match="used again"):
        await check(name)


async def greeted(monkeypatch: pytest.MonkeyPatch) -> Evidence:
    """Ask a server that speaks first, once its words have come."""
    spoken = asyncio.Event()

    async def act(exchange: Exchange) -> None:
        await exchange.send(STRAY)
        spoken.set()
        await exchange.hold()

    own_connect, evidence = inside.connect, Evidence()

    async def connect(*args: Any) -> Any:
        held = await own_connect(*args)
        await spoken.wait()
        await asyncio.sleep(0.005)
        return held

    monkeypatch.setattr(inside, "connect", connect)
    async with CommitServer(act) as server, no_leaks(), opened(server.url) as transport:
        with pytest.raises(ConnectError, match="before it was asked"):
            await ask(transport, evidence=evidence)
        await until(lambda: server.open_connections == 0)
    return evidence


async def test_before_any_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that answers before it is asked is not asked: nothing was sent."""
    assert not (await greeted(monkeypatch)).sent


async def test_twin_before_any_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that is never looked at first is used."""
    monkeypatch.setattr(connection.Connection, "usable", True)
    with pytest.raises((pytest.fail.Exception, TimeoutError)):
        async with asyncio.timeout(0.1):
            await greeted(monkeypatch)
