"""The answers that are not common: chunked, compressed, without a length, after an informational one, broken."""

from __future__ import annotations

from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import HttpProcessingError

from wallet_async.engine.calls import Reply
from wallet_async.engine.errors import DecodeError, WalletError
from wallet_async.engine.transport.body import read_body
from wallet_async.engine.transport.faults import HANDLED, translate


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
        body = b"" if message.upgrade else await read_body(content, message.headers.get("Content-Encoding"), max_body)
        reply = Reply(message.code, message.headers, body)
        return reply, content.is_eof() and not (message.should_close or message.upgrade)
    except HttpProcessingError:
        fault = DecodeError("the answer is not sound HTTP")
    except HANDLED as error:
        if isinstance(error, TimeoutError):
            raise
        fault = translate(error, sent=True)
    # Raised outside the `except`: aiohttp's error holds the answer.
    raise fault
