"""G16: no answer, however packed or long, takes more memory than its bound."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from tests.faults.judge import HASTY, LONG, assert_clean, callers, claim_of
from tests.faults.providers import CLIENTS, Client
from tests.kit import Behaviour, CommitServer, Exchange, answers, bodies, hostile, no_leaks, response
from wallet_async.engine.errors import DecodeError, OutcomeUnknownError, WalletError
from wallet_async.engine.limits import Limits
from wallet_async.engine.transport import client_session, connection, odd

MEBIBYTE = 1 << 20
BOUND = Limits(max_body=4 * MEBIBYTE)
GROWTH = 16 * MEBIBYTE  # bytes that a call may take at its height, whatever comes
BOMB = 64 * MEBIBYTE  # bytes a bomb grows to


def endless_after_gzip() -> Behaviour:
    """Send a whole gzip member, and then bytes that belong to nothing until the client leaves."""

    def pieces(exchange: Exchange) -> Any:
        headers = answers.CHUNKED | {"Content-Encoding": "gzip"}
        yield response(200, headers=headers) + answers.chunk(gzip.compress(exchange.good()))
        while True:
            yield answers.chunk(b"\0" * 65_536)

    return answers.stream(pieces)


def endless_gzip() -> Behaviour:
    """Send one gzip member of blanks that does not end."""

    def pieces(_: Exchange) -> Any:
        packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
        yield response(200, headers=answers.CHUNKED | {"Content-Encoding": "gzip"})
        while True:
            piece = packer.compress(b" " * MEBIBYTE) + packer.flush(zlib.Z_SYNC_FLUSH)
            yield answers.chunk(piece)

    return answers.stream(pieces)


def bomb(encoding: str = "gzip") -> Behaviour:
    """Send 64 KiB that are 64 MiB of blanks and then a success."""

    def make(exchange: Exchange) -> bytes:
        return hostile.gzip_bomb(exchange.good(), BOMB)

    return answers.body(make, encoding=encoding)


HOSTILE: dict[str, Behaviour] = {
    "gzip-bomb": bomb(),
    "gzip-bomb-upper-case": bomb("GZIP"),
    "gzip-endless": endless_gzip(),
    "gzip-then-endless": endless_after_gzip(),
    "over-cap": answers.over_cap(BOMB),
    "endless": answers.endless(),
    "endless-error": answers.stream(
        lambda _: iter([b"HTTP/1.1 500 Oh\r\nContent-Length: 9999999999\r\n\r\n", *[b" " * 65_536] * 1024])
    ),
    "endless-head": answers.stream(lambda _: iter([b"HTTP/1.1 200 OK\r\n", *[b"X-More: a\r\n" * 5000] * 1024])),
    "endless-header": answers.stream(lambda _: iter([b"HTTP/1.1 200 OK\r\nX-More: ", *[b"a" * 65_536] * 1024])),
    "endless-status-line": answers.stream(lambda _: iter([b"HTTP/1.1 200 ", *[b"a" * 65_536] * 1024])),
}
"""Each of them fails the check at once or within its bound; none may need the deadline."""


async def height(call: Callable[[], Awaitable[Any]]) -> tuple[int, WalletError]:
    """Make one call; give the bytes it took at its height, and its error."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        with pytest.raises(WalletError) as caught:
            await call()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return peak - before, caught.value


async def check(client: Client, name: str, *, write: bool, http: Callable[[], aiohttp.ClientSession] | None) -> None:
    """Meet one hostile answer within the bound on memory and long before the deadline.

    Raises:
        AssertionError: It took more, or the claim is wrong.
    """
    loop = asyncio.get_running_loop()
    hostile.gzip_bomb(client.flavour.good("GET", b"/", b""), BOMB)  # loads what packing needs
    async with (
        CommitServer(HOSTILE[name], flavour=client.flavour) as server,
        no_leaks(),
        callers(http) as given,
        client.session(server.url, http=given, limits=BOUND, retry=HASTY) as session,
    ):
        call = client.write if write else client.read
        with pytest.raises(WalletError):
            await call(session, timeout=LONG)  # the first time packs the bomb
        begun = loop.time()
        taken, error = await height(lambda: call(session, timeout=LONG))
        assert loop.time() - begun < LONG / 2
        assert taken < GROWTH, f"took {taken / MEBIBYTE:.0f} MiB"
        assert claim_of(error) == "UNKNOWN" if write else not isinstance(error, OutcomeUnknownError)
        assert_clean(session)


@pytest.mark.parametrize("write", [True, False], ids=["write", "read"])
@pytest.mark.parametrize("name", HOSTILE)
async def test_bounded(client: Client, name: str, write: bool) -> None:
    """A bomb, a body without end, a head without end: bounded memory, a prompt error, the right claim."""
    await check(client, name, write=write, http=None)


@pytest.mark.parametrize("name", HOSTILE)
async def test_bounded_over_the_callers_session(provider: Client, name: str) -> None:
    """The same where aiohttp decompresses, as it does in a session of the caller's."""
    await check(provider, name, write=True, http=aiohttp.ClientSession)


async def test_the_bound_is_after_decompression(client: Client) -> None:
    """Small on the wire and too large unpacked is refused by name; within the bound it is read."""

    def padded(size: int) -> Behaviour:
        return answers.body(lambda e: gzip.compress(b" " * size + e.good()), encoding="gzip")

    for size, fits in ((BOUND.max_body // 2, True), (BOUND.max_body, False)):
        async with (
            CommitServer(padded(size), flavour=client.flavour) as server,
            no_leaks(),
            client.session(server.url, limits=BOUND, retry=HASTY) as session,
        ):
            if fits:
                assert await client.read(session)
                continue
            with pytest.raises(DecodeError, match="max_body"):
                await client.read(session)


@pytest.mark.usefixtures("transport")
@pytest.mark.parametrize("name", ["gzip-bomb", "over-cap"])
async def test_twin_unbounded(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that reads the whole body before it looks takes all of the bomb, and then believes what it finds."""

    async def read_all(content: aiohttp.StreamReader, encoding: str | None, bound: int) -> bytes:
        whole = await content.read()
        return (zlib.decompress(whole, zlib.MAX_WBITS | 32) if encoding else whole)[:bound]

    for module in (client_session, odd):
        monkeypatch.setattr(module, "read_body", read_all)
    # What has a length that is too large is refused by the direct transport before it is read at all.
    monkeypatch.setattr(connection, "read_head", lambda data: None)
    with pytest.raises(AssertionError, match=r"took \d\d+ MiB"):
        await check(CLIENTS["rehook"], name, write=True, http=None)


def test_bodies_are_what_they_say() -> None:
    """The bombs hold the provider's own success: only their size speaks against them."""
    packed = hostile.gzip_bomb(bodies.rehook_receipt(), BOMB)
    assert len(packed) < BOMB / 500
    assert gzip.decompress(packed).strip() == bodies.rehook_receipt()
