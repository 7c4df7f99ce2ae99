"""aiohttp's own parsers, the compiled one and the one in Python, as a measure for ours."""

from __future__ import annotations

import asyncio
from typing import Any

import attrs
from aiohttp import http_parser
from aiohttp.client_exceptions import ClientPayloadError
from aiohttp.client_proto import ResponseHandler

PARSERS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (http_parser.HttpResponseParserPy, getattr(http_parser, "HttpResponseParserC", None))
    if kind is not None
}
NEXT = b"HTTP/1.1 299 Next\r\nContent-Length: 0\r\n\r\n"


class OnlyInDevelopmentError(Exception):
    """aiohttp refuses some headers that come twice under ``-X dev``; this tells nothing of what it does otherwise."""


@attrs.frozen
class Parsed:
    """What one answer is to aiohttp."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    stays_open: bool
    """Whether another answer may follow, and is read as that if it does."""


def parse(kind: Any, answer: bytes, loop: asyncio.AbstractEventLoop) -> Parsed | None:
    """Read one whole answer; None if it is refused or not whole.

    Raises:
        OnlyInDevelopmentError: It is refused, but would not be without ``-X dev``.
    """
    parser = kind(
        ResponseHandler(loop),
        loop,
        2**16,
        payload_exception=ClientPayloadError,
        response_with_body=True,
        read_until_eof=True,
        auto_decompress=False,
        max_line_size=8190,
        max_field_size=8190,
        max_headers=128,
    )
    try:
        messages, _, _ = parser.feed_data(answer)
    except Exception as error:
        if "Duplicate '" in str(error):
            raise OnlyInDevelopmentError from None
        return None
    if len(messages) != 1 or not messages[0][1].is_eof():
        return None
    [(message, content)] = messages
    pairs = [(name.lower(), value) for name, value in message.headers.items()]
    stays_open = not (message.should_close or message.upgrade)
    if stays_open:
        following, _, _ = parser.feed_data(NEXT)
        stays_open = [one.code for one, _ in following] == [299]
    return Parsed(message.code, pairs, content.read_nowait(-1), stays_open)
