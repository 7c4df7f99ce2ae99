"""The answers that are not common: chunked, compressed, without a length, after an informational one, broken."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import HttpProcessingError

from wallet_async.engine.calls import Reply
from wallet_async.engine.errors import DecodeError, WalletError
from wallet_async.engine.transport.body import read_body
from wallet_async.engine.transport.faults import HANDLED, translate

_NEXT = b"HTTP/1.1 204 Next\r\n\r\n"


async def read_parsed(handler: ResponseHandler, max_body: int) -> tuple[Reply, bool]:
    """Read an answer through aiohttp's parser, which has been fed its beginning and gets the rest.

    Returns:
        The answer, and whether the connection is fit for another.

    Raises:
        WalletError: It is broken, cut short or too large.
    """
    fault: WalletError
    try:
        while True:
            message, content = await handler.read()
            if not 100 <= message.code <= 199 or message.code == 101:
                break
        body = b""
        if not message.upgrade:
            with _ending_with(handler, content):
                body = await read_body(content, message.headers.get("Content-Encoding"), max_body)
        reply = Reply(message.code, message.headers, body)
        return reply, content.is_eof() and not (message.should_close or message.upgrade or message.code == 101)
    except HttpProcessingError:
        fault = DecodeError("the answer is not sound HTTP")
    except HANDLED as error:
        if isinstance(error, TimeoutError):
            raise
        fault = translate(error, sent=True)
    # Raised outside the `except`: aiohttp's error holds the answer.
    raise fault


@contextmanager
def _ending_with(handler: ResponseHandler, content: aiohttp.StreamReader) -> Iterator[None]:
    """Let *content* end with the connection: where aiohttp's parser fails in a body, it closes and leaves that open."""

    def end(lost: asyncio.Future[None]) -> None:
        _look_at(lost)
        if not content.is_eof() and content.exception() is None:
            content.set_exception(aiohttp.ClientPayloadError())

    closed = handler.closed
    if closed is None:  # it has ended already
        closed = asyncio.get_running_loop().create_future()
        closed.set_result(None)
    closed.add_done_callback(end)
    try:
        yield
    finally:
        closed.remove_done_callback(end)
        # The connection may be reset long after, and the error of that is looked at by nobody else.
        closed.remove_done_callback(_look_at)
        closed.add_done_callback(_look_at)


def _look_at(lost: asyncio.Future[None]) -> None:
    lost.exception()


async def is_at_its_end(handler: ResponseHandler) -> bool:
    """Whether aiohttp's parser took nothing after the answer: a further one must come out of it as it was put in.

    It keeps the beginning of an answer that nobody asked for and does not tell.
    """
    handler.data_received(_NEXT)
    try:
        message, _ = await handler.read()
    except HttpProcessingError:
        return False
    return (message.code, message.reason) == (204, "Next")
