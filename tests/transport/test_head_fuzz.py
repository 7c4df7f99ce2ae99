"""The reader of common heads never accepts what aiohttp's parsers refuse or read otherwise."""

from __future__ import annotations

import asyncio
import itertools
import os
import re
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests.transport.parsers import PARSERS, OnlyInDevelopmentError, Parsed, parse
from wallet_async.engine.transport import head
from wallet_async.engine.transport.head import Headers, read_head

# The same examples every time in CI. FAULT_EXAMPLES is for long runs.
EXAMPLES = settings(
    max_examples=int(os.environ.get("FAULT_EXAMPLES", "300")),
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
MOST = 70_000  # bytes of a body that is really fed

LINES = (
    *("Content-Length: 5", "content-length:7", "Content-Length: +5", "Content-Length: 5, 5", "Content-Length:"),
    *("Transfer-Encoding: chunked", "transfer-encoding: gzip, chunked", "Transfer-Encoding:", "TE: trailers"),
    *("Connection: close", "connection: keep-alive, close", "Connection: Keep-Alive", "Connection: upgrade"),
    *("Proxy-Connection: close", "Keep-Alive: timeout=5", "Upgrade: websocket", "Sec-WebSocket-Key1: a"),
    *("Content-Encoding: gzip", "Content-Type: a/b", "Set-Cookie: a=b", "Set-Cookie: c=d", "Trailer: X", "X-A: a\tb"),
    *(
        "X-A: a\x00b",
        "X-A: a\x7fb",
        "X-A: a\rb",
        "X-A: a\nb",
        "X-A: \u00e4",
        "X-A : a",
        " X-A: a",
        "\tfolded",
        ":",
        "X-A",
    ),
)
"""What may stand in a head besides a sound one's own lines."""
NAMES = st.sampled_from([line.partition(":")[0] for line in LINES])
VALUES = st.sampled_from([line.partition(":")[2].strip(" ") for line in LINES]) | st.text(
    st.characters(codec="latin-1"), max_size=6
)
LENGTHS = ("5", "05", "-1", "+5", "5;a", "0x5", "5 5", "\u00b2", "999999999999999", "99999999999999999999", "66000", "")
BLANK = st.sampled_from(["", " ", " ", " ", "\t", "  ", " \t", "\x0b", "\r\n "])
SEPARATORS = st.sampled_from([":"] * 12 + [" :", "\t:", "::", "", "="])
LINE_ENDS = st.sampled_from(["\r\n"] * 20 + ["\n", "\r", "\r\r\n", "\n\r"])
STARTS = (
    *("HTTP/1.1 200 OK", "HTTP/1.1 201 ", "HTTP/1.1 404 Not Found", "HTTP/1.1 599 \ta b", "HTTP/1.1 999 OK"),
    *("HTTP/1.1 200", "HTTP/1.1  200 OK", "HTTP/1.1 200\tOK", "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 2x0 OK"),
    *("HTTP/1.1 100 Go", "HTTP/1.1 101 Go", "HTTP/1.1 204 No", "HTTP/1.1 205 No", "HTTP/1.1 206 OK", "HTTP/1.1 304 No"),
    *(
        "HTTP/1.0 200 OK",
        "HTTP/2.0 200 OK",
        "HTTP/1.10 200 OK",
        "http/1.1 200 OK",
        "ICY 200 OK",
        " HTTP/1.1 200 OK",
        "",
    ),
)


@st.composite
def built(draw: st.DrawFn) -> bytes:
    """Build a head out of sound and odd parts, with a length more often than not."""
    lines = [draw(st.sampled_from((STARTS[0], *STARTS)))]
    fields = [
        draw(NAMES) + draw(SEPARATORS) + draw(BLANK) + draw(VALUES) + draw(BLANK)
        for _ in range(draw(st.integers(0, 4)))
    ]
    if draw(st.integers(0, 9)):
        place, length = draw(st.integers(0, len(fields))), draw(st.sampled_from(("5", "5", "0", *LENGTHS)))
        fields.insert(place, f"Content-Length: {length}")
    return "".join(line + draw(LINE_ENDS) for line in [*lines, *fields, ""]).encode("latin-1", "replace")


SOUND = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: 5\r\n"
    b'Connection: keep-alive\r\nETag: W/"5-a"\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\n\r\n',
    b"HTTP/1.1 404 Not Found\r\nServer: nginx\r\ncontent-length:0\r\n\r\n",
    b"HTTP/1.1 201 \r\nContent-Length: 5\r\nX: a\r\n\r\n",
)
BYTES = st.sampled_from([bytes([byte]) for byte in b"\r\n\t :;,0123456789/.aAzZ-_\x00\x0b\x7f\x80\xff"])


def table() -> Iterator[bytes]:
    """Give sound heads with one thing changed: a line put anywhere, another first line, another length, other ends."""
    for whole in SOUND:
        start, *fields = whole.decode().split("\r\n")[:-2]
        for place, line in itertools.product(range(len(fields) + 1), LINES):
            yield finish([start, *fields[:place], line, *fields[place:]])
        yield from (finish([line, *fields]) for line in STARTS)
        yield from (finish([start, f"Content-Length: {length}", "X: a"]) for length in LENGTHS)
        yield from (finish([start, *fields], end) for end in ("\n", "\r", "\r\r\n"))
        yield from (whole.replace(b"\r\n", b"\n", count) for count in (1, 2, 3))


def finish(lines: list[str], end: str = "\r\n") -> bytes:
    """Write the lines of a head."""
    return "".join(line + end for line in [*lines, ""]).encode("latin-1", "replace")


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Take a sound head and change some bytes of it, or put a line into it."""
    whole = draw(st.sampled_from(SOUND))
    for _ in range(draw(st.integers(1, 3))):
        place, cut = draw(st.integers(0, len(whole))), draw(st.integers(0, 3))
        whole = whole[:place] + draw(BYTES | st.binary(max_size=3)) + whole[place + cut :]
    if draw(st.booleans()):
        line = (draw(NAMES) + ": " + draw(VALUES)).encode("latin-1", "replace") + b"\r\n"
        place = draw(st.sampled_from([match.end() for match in re.finditer(b"\r\n", whole)] or [0]))
        whole = whole[:place] + line + whole[place:]
    return whole


HEADS = built() | damaged()
Reader = Callable[[bytes], tuple[int, bytes, int] | None]


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Give aiohttp's parsers the event loop they want."""
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def agree(data: bytes, loop: asyncio.AbstractEventLoop, reader: Reader = read_head) -> bool:
    """Say whether ours accepts *data*, and hold it to aiohttp's parsers if it does.

    Raises:
        AssertionError: One of them refuses it, or reads something else.
    """
    common = reader(data)
    if common is None:
        return False
    status, whole, length = common
    assert data.startswith(whole)
    body = b"x" * min(length, MOST)
    for name, kind in PARSERS.items():
        try:
            parsed = parse(kind, whole + body, loop)
        except OnlyInDevelopmentError:
            return False
        if length > MOST:
            assert parsed is None, f"{name} takes the body for shorter"
            continue
        pairs = [(key.lower(), value) for key, value in Headers(whole)._all().items()]
        assert parsed == Parsed(status, pairs, body, True), f"{name} reads {parsed}"
    return True


def check_table(loop: asyncio.AbstractEventLoop) -> int:
    """Hold every head of `table` to aiohttp's parsers; give how many are accepted."""
    return sum(agree(data, loop) for data in table())


def test_one_change(loop: asyncio.AbstractEventLoop) -> None:
    """Any one line, first line, length or line end may change: never is it accepted and read otherwise."""
    assert check_table(loop) > 50


@EXAMPLES
@given(data=HEADS)
def test_agrees_with_aiohttp(loop: asyncio.AbstractEventLoop, data: bytes) -> None:
    """Accepted means: the same status, headers and body to both parsers, and a connection that stays open."""
    event("accepted" if agree(data, loop) else "left to aiohttp")


@pytest.mark.parametrize("data", SOUND)
def test_accepts_the_common(data: bytes, loop: asyncio.AbstractEventLoop) -> None:
    """What servers commonly say is accepted; a part of it is not."""
    assert agree(data, loop)
    assert not any(agree(data[:end], loop) for end in range(len(data)))


SABOTAGES = {
    # what stands in the pattern, and what takes its place
    "first-of-two-lengths": (b"(?:encoding|length)", b"encoding"),
    "transfer-encoding-ignored": (b"transfer-encoding|", b""),
    "close-ignored": (b"(?:proxy-)?connection|", b""),
    "websocket-key-ignored": (b"|sec-websocket-key1", b""),
    "bare-line-feed": (rb"\r\n", rb"\r?\n"),
    "any-byte-in-a-value": (rb"[\t\x20-\x7e]*+", rb"[^\r\n]*+"),
    "any-version": (rb"HTTP/1\.1", rb"HTTP/[0-9.]+"),
    "any-status": (rb"(20[0-36-9]|[45][0-9]{2})", rb"([0-9]{3})"),
    "signed-length": (b"([0-9]{1,15})", b"([+]?[0-9]{1,15})"),
}


@pytest.mark.parametrize("name", SABOTAGES)
def test_twin(name: str, loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader with one rule less is found out by the same table."""
    rule, broken = SABOTAGES[name]
    before, found, after = head._HEAD.pattern.rpartition(rule)
    if name != "first-of-two-lengths":  # the rule stands for the lines before the length, too, which has to stop them
        before = before.replace(rule, broken)
    assert found
    monkeypatch.setattr(head, "_HEAD", re.compile(before + broken + after))
    with pytest.raises((AssertionError, UnicodeDecodeError)):
        check_table(loop)
