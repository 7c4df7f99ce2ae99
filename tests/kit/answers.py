"""Ready behaviours for broken answers (matrix rows 20 to 30)."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterable

from .behaviours import End, Make, reply, when_warm
from .exchange import CHUNK, Exchange, response
from .hostile import MEBIBYTE
from .server import Behaviour

PAUSE = 0.002  # seconds between two pieces of a drip; far below any read time-out

CHUNKED = {"Content-Length": "", "Transfer-Encoding": "chunked"}


def half_status_line(*, commit: bool, end: End) -> Behaviour:
    """Row 20: stop in the middle of the status line."""
    return reply(lambda _: b"HTTP/1.1 20", commit=commit, end=end)


def headers_only(*, commit: bool, end: End) -> Behaviour:
    """Row 21: send a good head and no byte of the body."""
    return reply(lambda e: _head(response(200, e.good())), commit=commit, end=end)


def short_body(*, commit: bool, end: End) -> Behaviour:
    """Row 21: send all but the last byte that Content-Length announced."""
    return reply(lambda e: response(200, e.good())[:-1], commit=commit, end=end)


def cut_chunked(*, commit: bool, end: End) -> Behaviour:
    """Row 21: send the whole body as one chunk and leave out the last, empty one."""
    return reply(lambda e: chunked_head() + chunk(e.good()), commit=commit, end=end)


def close_delimited(cut: Callable[[bytes], bytes], *, commit: bool = True) -> Behaviour:
    """Row 22: send `cut(body)` with neither length nor chunks; only the close ends it."""
    headers = {"Content-Length": "", "Connection": "close"}
    return reply(lambda e: response(200, cut(e.good()), headers), commit=commit, end="fin")


def body(make: Make, *, content_type: str = "application/json", encoding: str = "", status: int = 200) -> Behaviour:
    """Rows 23, 24, 26, 30: commit and answer in good form with a body that is not what it should be."""
    headers = {"Content-Encoding": encoding}
    return reply(lambda e: response(status, make(e), headers, content_type=content_type))


def over_cap(size: int = 64 * MEBIBYTE) -> Behaviour:
    """Row 25: announce and send `size` bytes of blanks before the right body."""

    def pieces(exchange: Exchange) -> Iterable[bytes]:
        good = exchange.good()
        yield _head(response(200, headers={"Content-Length": str(size + len(good))}))
        yield from itertools.repeat(b" " * CHUNK, size // CHUNK)
        yield b" " * (size % CHUNK) + good

    return stream(pieces)


def endless() -> Behaviour:
    """Row 25: send chunks of blanks until the client leaves."""
    return stream(lambda _: itertools.chain([chunked_head()], itertools.repeat(chunk(b" " * CHUNK))))


def drip_body(pause: float = PAUSE) -> Behaviour:
    """Row 27: send a body of blanks, one byte at a time, until the client leaves."""
    return stream(lambda _: itertools.chain([chunked_head()], itertools.repeat(chunk(b" "))), pause)


def drip_head(pause: float = PAUSE) -> Behaviour:
    """Row 27: send a header one byte at a time until the client leaves."""
    start = b"HTTP/1.1 200 OK\r\nX-Drip: "
    return stream(lambda _: itertools.chain([start], itertools.repeat(b"a")), pause)


def drip_whole() -> Behaviour:
    """Row 27: send a good answer byte by byte to its end."""
    return stream(lambda e: (bytes([byte]) for byte in response(200, e.good())))


def flood_of_continue(pause: float = PAUSE) -> Behaviour:
    """Row 27: send `100 Continue` until the client leaves."""
    return stream(lambda _: itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n" * 20), pause)


def stream(pieces: Callable[[Exchange], Iterable[bytes]], pause: float = 0.0) -> Behaviour:
    """Read all, commit and send piece after piece, `pause` seconds apart."""

    async def act(exchange: Exchange) -> None:
        await exchange.read()
        exchange.commit()
        for piece in pieces(exchange):
            await exchange.send(piece)
            if pause:
                await asyncio.sleep(pause)

    return act


def foreign_answer() -> Behaviour:
    """Row 29: answer with somebody else's well-formed success."""
    return reply(lambda e: response(200, e.server.flavour.foreign()))


def unsolicited_early() -> Behaviour:
    """Row 29: send a second answer, somebody else's, right behind the first one of a connection."""
    return reply(lambda e: response(200, e.good()) + _stray(e) * (e.index == 0))


def unsolicited_late() -> Behaviour:
    """Row 29: on a reused connection, somebody else's answer comes first and the right one behind it."""
    return when_warm(reply(lambda e: _stray(e) + response(200, e.good())))


def chunked(pieces: int = 3) -> Behaviour:
    """Answer well, in chunks of which each goes out by itself."""

    def cut(exchange: Exchange) -> Iterable[bytes]:
        body, size = exchange.good(), -(-len(exchange.good()) // pieces)
        yield chunked_head()
        yield from (chunk(body[start : start + size]) for start in range(0, len(body), size))
        yield chunk(b"")

    return stream(cut)


def chunked_head() -> bytes:
    """Build the head of a good chunked answer."""
    return response(200, headers=CHUNKED)


def chunk(data: bytes) -> bytes:
    """Frame `data` as one chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def _head(whole: bytes) -> bytes:
    return whole[: whole.index(b"\r\n\r\n") + 4]


def _stray(exchange: Exchange) -> bytes:
    return response(200, exchange.server.flavour.foreign())
