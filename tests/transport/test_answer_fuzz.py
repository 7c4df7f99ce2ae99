"""Whole answers, cut anywhere: a connection reads what aiohttp's parser reads, or both come to an error."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import itertools
import os
from collections.abc import Iterator
from typing import Any, cast

import pytest
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection as Held
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st

from tests.kit import answers, response
from wallet_async.engine.calls import Reply
from wallet_async.engine.errors import WalletError
from wallet_async.engine.transport import connection, odd
from wallet_async.engine.transport.connection import Connection
from wallet_async.engine.transport.deadlines import Deadlines
from wallet_async.engine.transport.head import Headers
from wallet_async.engine.transport.odd import read_parsed

EXAMPLES = settings(
    max_examples=int(os.environ.get("FAULT_EXAMPLES", "200")),
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
MOST = 1024  # bytes of a body
BODY = b'[{"wallet_id": "waty_1"}]'
SOUND = (
    response(200, BODY),
    response(404, BODY, {"Connection": "keep-alive"}),
    response(200, BODY, {"Connection": "close"}),
    response(200, BODY, {"Content-Length": ""}),
    response(200, gzip.compress(BODY, mtime=0), {"Content-Encoding": "gzip"}),
    response(200, b"x" * MOST),
    response(200, b"x" * (MOST + 1)),
    response(200, gzip.compress(b"x" * (MOST + 1), mtime=0), {"Content-Encoding": "gzip"}),
    response(204),
    response(304, headers={"Content-Length": "25"}),
    response(200, BODY, {"X-Long": "a" * 5000}),
    b"HTTP/1.1 100 Continue\r\n\r\n" + response(200, BODY),
    answers.chunked_head() + answers.chunk(BODY[:9]) + answers.chunk(BODY[9:]) + answers.chunk(b""),
    answers.chunked_head() + answers.chunk(b"x" * (MOST + 1)) + answers.chunk(b""),
    answers.chunked_head() + answers.chunk(BODY) + b"0\r\nX-Sum: 1\r\n\r\n",
    response(200, BODY).replace(b"HTTP/1.1", b"HTTP/1.0"),
)


class Wire:
    """A transport without a socket: hands on what it is fed, as the event loop would."""

    def __init__(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol
        self.closed = False

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def write(self, data: bytes) -> None:
        """Take a request; nobody reads it."""

    def abort(self) -> None:
        self.closed = True

    close = abort

    def is_closing(self) -> bool:
        return self.closed

    def is_reading(self) -> bool:
        return True

    def pause_reading(self) -> None:
        """Never: the answers here are small."""

    resume_reading = pause_reading

    def feed(self, data: bytes) -> None:
        """Let *data* come, unless the connection was closed."""
        if self.closed or not data:
            return
        if isinstance(self.protocol, asyncio.BufferedProtocol):
            self.protocol.get_buffer(-1)[: len(data)] = data
            self.protocol.buffer_updated(len(data))
        else:
            cast(asyncio.Protocol, self.protocol).data_received(data)


class Kept:
    """What aiohttp's connector hands out, for the one method that is used."""

    def close(self) -> None:
        """Nothing to give back."""


End = tuple[int, list[tuple[str, str]], bytes] | None
"""Status, headers and body; None for an error of this project's."""


def end_of(reply: Reply) -> End:
    """Make a reply comparable."""
    headers = reply.headers._all() if isinstance(reply.headers, Headers) else reply.headers
    return reply.status, [(name.lower(), value) for name, value in headers.items()], reply.body


async def through(reading: asyncio.Task[Any], wire: Wire, segments: list[bytes]) -> End:
    """Feed *segments*, then the end, and say what was read."""
    for segment in segments:
        await asyncio.sleep(0)
        wire.feed(segment)
    for _ in range(3):
        await asyncio.sleep(0)
    if not reading.done():
        wire.protocol.connection_lost(None)
    try:
        async with asyncio.timeout(5):
            return end_of(await reading)
    except WalletError:
        return None


async def ours(segments: list[bytes]) -> End:
    """Read through a connection."""
    loop = asyncio.get_running_loop()
    handler = ResponseHandler(loop)
    wire = Wire(handler)
    handler.transport = transport = cast(asyncio.Transport, wire)
    deadlines = Deadlines(loop)
    here = Connection(cast(Held, Kept()), transport, handler, memoryview(bytearray(65_536)), MOST, deadlines)

    async def read() -> Reply:
        return await here.exchange(b"GET / HTTP/1.1\r\n\r\n", loop.time() + 60) or await here.read_odd()

    try:
        return await through(loop.create_task(read()), wire, segments)
    finally:
        deadlines.close()


async def theirs(segments: list[bytes]) -> End:
    """Read through aiohttp's parser alone."""
    loop = asyncio.get_running_loop()
    handler = ResponseHandler(loop)
    wire = Wire(handler)
    handler.transport = cast(asyncio.Transport, wire)
    handler.set_response_params(read_until_eof=True, auto_decompress=False)

    async def read() -> Reply:
        reply, _ = await read_parsed(handler, MOST)
        return reply

    return await through(loop.create_task(read()), wire, segments)


async def compare(data: bytes, cuts: list[int]) -> End:
    """Read *data*, cut at *cuts*, both ways.

    Raises:
        AssertionError: They differ.
    """
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    segments = [data[start:end] for start, end in itertools.pairwise(places)]
    mine, its = await ours(segments), await theirs(segments)
    if mine is not None and its is None:
        # It gives up an answer for what follows it in the same segment; we read the answer and close.
        head = data.index(b"\r\n\r\n") + 4
        its = await theirs([data[: head + len(mine[2])]])
    assert mine == its, f"{segments}: {mine} is not {its}"
    return mine


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """Give one event loop for all examples."""
    with asyncio.Runner(debug=False) as runner:
        yield runner


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Take a sound answer and change, as often as not, a few of its bytes."""
    whole = draw(st.sampled_from(SOUND))
    for _ in range(draw(st.integers(0, 2))):
        place, cut = draw(st.integers(0, len(whole))), draw(st.integers(0, 6))
        put = draw(
            st.binary(max_size=4) | st.sampled_from([b"\r\n", b"0", b"5", b"\r\n\r\n", b"Content-Length: 3\r\n"])
        )
        whole = whole[:place] + put + whole[place + cut :]
    return whole + draw(st.sampled_from([b"", b"", b"HTTP/1.1 200 OK\r\n", b"\x00"]))


@EXAMPLES
@given(data=damaged(), cuts=st.lists(st.integers(0, 6000), max_size=8))
@example(data=SOUND[0], cuts=list(range(200)))
@example(data=SOUND[12], cuts=list(range(200)))
def test_any_answer_in_any_pieces(runner: asyncio.Runner, data: bytes, cuts: list[int]) -> None:
    """The same reply, or an error of ours from both."""
    event("an answer" if runner.run(compare(data, cuts)) else "an error")


@pytest.mark.parametrize("data", SOUND, ids=range(len(SOUND)))
async def test_a_byte_at_a_time(data: bytes) -> None:
    """A sound answer is the same whole, in two pieces cut anywhere, and byte by byte."""
    whole = await compare(data, [])
    assert await compare(data, list(range(len(data)))) == whole
    for cut in range(0, len(data), 1 + len(data) // 100):
        assert await compare(data, [cut]) == whole


async def test_broken_in_the_middle_of_a_body(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where aiohttp's parser fails in a later piece of a body it leaves the body open: it has to end all the same."""
    pieces = [answers.chunked_head() + b"9\r\n[{", b"1234567XY\r\n"]
    assert await ours(pieces) is None
    monkeypatch.setattr(odd, "_ending_with", lambda handler, content: contextlib.nullcontext())
    with pytest.raises(TimeoutError):  # sabotaged twin
        async with asyncio.timeout(0.05):
            await ours(pieces)


async def test_twin_short_bodies(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that takes the first segment of a body for all of it is found out."""

    def finish(self: Connection, waiter: Any, data: bytes) -> None:
        common = connection.read_head(data)
        if common is None:
            self._hand_over(waiter, data)
        else:
            status, head, length = common
            self._missing = 0
            self._finish(waiter, status, head, data[len(head) :][:length])

    monkeypatch.setattr(Connection, "_begin", finish)
    with pytest.raises(AssertionError, match="is not"):
        await test_a_byte_at_a_time(SOUND[0])


async def test_twin_no_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that reads bodies of any length is found out."""
    begin = Connection._begin

    def without_bound(self: Connection, waiter: Any, data: bytes) -> None:
        self._max_body = 1 << 40
        begin(self, waiter, data)

    monkeypatch.setattr(Connection, "_begin", without_bound)
    with pytest.raises(AssertionError, match="is not"):
        await test_a_byte_at_a_time(SOUND[6])
