"""One request and its answer as bytes: read as little, send as wrongly, close as rudely as a test asks."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from .server import CommitServer

CHUNK = 65_536  # bytes asked of a socket at a time


def response(
    status: int,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    *,
    content_type: str = "application/json",
) -> bytes:
    """Build a whole well-formed HTTP/1.1 response with a Content-Length.

    A header given as an empty string is left out, so that a test can take `Content-Length` away.
    """
    fields = {"Content-Type": content_type, "Content-Length": str(len(body))}
    if status in (204, 304):
        fields = {}
    fields.update(headers or {})
    lines = [f"HTTP/1.1 {status} Stated", *(f"{name}: {value}" for name, value in fields.items() if value)]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


@attrs.define(eq=False, kw_only=True)
class Exchange:
    """A request as the server saw it, and the means to answer or abuse it."""

    server: CommitServer = attrs.field(repr=False)
    """The server that accepted it, with its flavour and counters."""
    reader: asyncio.StreamReader = attrs.field(repr=False)
    writer: asyncio.StreamWriter = attrs.field(repr=False)
    connection: int
    """Number of the connection, from 0 in the order of acceptance."""
    index: int
    """Place on its connection, from 0; anything above 0 is a reused connection."""
    number: int
    """Place among all exchanges of the server, from 0 in the order in which they began."""
    method: str = ""
    target: bytes = b""
    """The request target exactly as it stood on the wire."""
    headers: tuple[tuple[str, str], ...] = attrs.field(default=(), repr=False)
    body: bytes | None = attrs.field(default=None, repr=False)
    """The whole body, or None as long as it was not received to the end."""
    committed: bool = False
    over: bool = False
    """The connection takes no further request."""
    first: bytes = attrs.field(default=b"", repr=False)
    """The byte by which the server noticed a further request on a reused connection."""

    def header(self, name: str) -> str | None:
        """Return the first value of header *name*, in any case, or None."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    async def read_head(self) -> None:
        """Read the request line and the headers; a second call does nothing."""
        if self.method:
            return
        head = self.first + await self.reader.readuntil(b"\r\n\r\n")
        line, *fields = head[:-4].split(b"\r\n")
        method, self.target, _version = line.split(b" ", 2)
        pairs = (field.decode("latin-1").split(":", 1) for field in fields)
        self.headers = tuple((name, value.strip()) for name, value in pairs)
        self.method = method.decode("ascii")
        self.server.begin(self)

    async def read(self) -> None:
        """Read the whole request; a second call does nothing."""
        await self.read_head()
        if self.body is None:
            if self.header("Transfer-Encoding") is not None:
                raise ValueError(
                    "the request has Transfer-Encoding: our clients send Content-Length, so this is a fault"
                )
            self.body = await self.reader.readexactly(int(self.header("Content-Length") or 0))

    def commit(self) -> None:
        """Count this request as carried out, if it is a write; its body must have been received whole."""
        if self.body is None:
            raise RuntimeError("a request cannot be committed before its body was received")
        if self.is_write and not self.committed:
            self.committed = True
            self.server.commits[self.method] += 1

    @property
    def is_write(self) -> bool:
        """Whether the provider would move value for this request."""
        return self.server.flavour.is_write(self.method, self.target)

    def good(self) -> bytes:
        """Return the body of the provider's own success for this request."""
        return self.server.flavour.good(self.method, self.target, self.body or b"")

    async def send(self, data: bytes) -> None:
        """Send raw bytes, wait while the buffer is full, and let the loop turn once."""
        self.writer.write(data)
        await self.writer.drain()
        await asyncio.sleep(0)  # drain() alone never yields while the buffer has room

    async def hold(self) -> None:
        """Say nothing and throw away what comes, until the client leaves."""
        self.over = True
        while await self.reader.read(CHUNK):
            pass

    async def fin(self) -> None:
        """End the server's half of the connection and hold the other, so that no RST overtakes the answer."""
        self.over = True
        if self.writer.can_write_eof():
            self.writer.write_eof()
            await self.hold()
        else:
            self.writer.close()  # TLS has no half-close

    def rst(self) -> None:
        """Reset the connection; what is still in a buffer is lost."""
        self.over = True
        raw: socket.socket = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()
