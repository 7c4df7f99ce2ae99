"""Bodies: a request body that leaves at most once, and an answer's body that stays within bounds."""

from __future__ import annotations

import asyncio
import zlib
from typing import Any

from aiohttp import BytesPayload, StreamReader
from aiohttp.abc import AbstractStreamWriter

from wallet_async.engine.errors import DecodeError
from wallet_async.engine.transport import Evidence


class SentTwiceError(Exception):
    """Something below asked for the body a second time."""


class TooLateError(Exception):
    """The body was asked for after the deadline: by a process that stood still, before its timer."""


class OneShotBody(BytesPayload):
    """A request body that refuses to be written twice or after *deadline*, and notes in *evidence* that it was written.

    aiohttp silently sends a PUT again when the connection broke (`IDEMPOTENT_METHODS` in its ``client.py``), and a
    caller's middleware may do so with any method. The second copy needs the body a second time and fails here. aiohttp
    holds the head back until the body's first byte, so as long as the body was not asked for, nothing has left.
    """

    def __init__(self, value: bytes, content_type: str, evidence: Evidence, deadline: float) -> None:
        super().__init__(value, content_type=content_type)
        self._evidence = evidence
        self._deadline = deadline

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Write the body, once."""
        if self._evidence.sent:
            raise SentTwiceError
        if asyncio.get_running_loop().time() >= self._deadline:
            raise TooLateError
        self._evidence.sent = True
        self._evidence.connection = getattr(writer, "transport", None)
        await super().write_with_length(writer, content_length)

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write the body, once."""
        await self.write_with_length(writer, None)


async def read_body(content: StreamReader, encoding: str | None, bound: int) -> bytes:
    """Read an answer's body, at most *bound* bytes after decompression.

    Args:
        content: The body as it comes.
        encoding: Its ``Content-Encoding`` if it has to be undone here, otherwise None.
        bound: Most bytes to take.

    Raises:
        DecodeError: The body is larger than *bound*, or its compression is broken or unknown.
    """
    inflate = _inflater("identity" if encoding is None else encoding.lower())
    chunks: list[bytes] = []
    size = 0
    async for chunk in content.iter_any():
        piece = chunk if inflate is None else _inflate(inflate, chunk, bound - size)
        size += len(piece)
        if size > bound:
            raise too_large(bound)
        chunks.append(piece)
    if inflate is not None and not inflate.eof:
        raise DecodeError(f"the {encoding} body is cut short")
    return b"".join(chunks)


def too_large(bound: int) -> DecodeError:
    """Make the error for a body of more than *bound* bytes."""
    return DecodeError(f"the answer is larger than {bound} bytes (Limits.max_body)")


def _inflater(encoding: str) -> Any:
    if encoding == "identity":
        return None
    if encoding in {"gzip", "x-gzip", "deflate"}:
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    raise DecodeError(f"the answer is encoded as {encoding[:8]!r}, which was not asked for")


def _inflate(inflate: Any, chunk: bytes, room: int) -> bytes:
    try:
        # One byte more than there is room for: enough to tell that the bound is passed.
        piece: bytes = inflate.decompress(chunk, room + 1)
    except zlib.error as error:
        raise DecodeError(f"the compressed body is broken: {error}") from None
    if inflate.unused_data:
        # zlib would keep all of it, and what does not count against the bound may have no end.
        raise DecodeError("something follows the end of the compressed body")
    return piece
