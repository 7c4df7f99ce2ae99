"""The limit of pure Python: a protocol for this one answer. No time-outs, no retries, no odd answers, no checks."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import msgspec

from benchmarks.answers import ROWS
from benchmarks.peers import PATH
from benchmarks.serving import Site
from benchmarks.slices import Client, Requests
from rehook_async import Transaction

_LARGEST_ANSWER = 64 * 1024


class _Connection(asyncio.BufferedProtocol):
    """One keep-alive connection, which reads into a buffer of its own."""

    def __init__(self) -> None:
        self._buffer = bytearray(_LARGEST_ANSWER)
        self._view = memoryview(self._buffer)
        self._filled = 0
        self._needed = 0
        self._begin = 0
        self._answer: asyncio.Future[memoryview] | None = None

    def connection_made(self, transport: Any) -> None:
        self._write = transport.write
        self._close = transport.close

    def ask(self, head: bytes) -> "asyncio.Future[memoryview]":
        """Send a request; the body is valid until the next one."""
        self._filled = self._needed = 0
        self._answer = asyncio.get_running_loop().create_future()
        self._write(head)
        return self._answer

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's
        return self._view[self._filled :]

    def buffer_updated(self, nbytes: int) -> None:
        self._filled += nbytes
        if not self._needed:
            end = self._buffer.find(b"\r\n\r\n", 0, self._filled)
            if end < 0:
                return
            assert self._buffer.startswith(b"HTTP/1.1 200 ")
            length = self._buffer.find(b"\r\nContent-Length: ", 0, end) + 18
            self._begin = end + 4
            self._needed = self._begin + int(self._buffer[length : self._buffer.find(b"\r", length)])
        if self._filled >= self._needed and self._answer is not None:
            self._answer.set_result(self._view[self._begin : self._needed])

    def close(self) -> None:
        self._close()


@asynccontextmanager
async def read(site: Site) -> AsyncIterator[Client]:
    """A page of history into the same objects as this library's, by msgspec."""
    decode = msgspec.json.Decoder(list[Transaction]).decode

    def check(body: memoryview) -> None:
        assert len(decode(body)) == ROWS

    async with _client(site, "minimal protocol, typed (the limit)", check) as client:
        yield client


@asynccontextmanager
async def read_undecoded(site: Site) -> AsyncIterator[Client]:
    """A page of history as bytes."""

    def check(body: memoryview) -> None:
        assert body[-1] == 0x5D

    async with _client(site, "minimal protocol, bytes only", check) as client:
        yield client


@asynccontextmanager
async def _client(site: Site, name: str, check: Callable[[memoryview], None]) -> AsyncIterator[Client]:
    address = urlsplit(site.base_url)
    host, port = address.netloc.split(":")
    tls = ssl.create_default_context() if address.scheme == "https" else None
    head = f"GET {PATH}?page=1 HTTP/1.1\r\nHost: {address.netloc}\r\nAccept: application/json\r\n\r\n".encode()
    loop = asyncio.get_running_loop()
    idle: list[_Connection] = []
    made: list[_Connection] = []

    async def request() -> None:
        if idle:
            connection = idle.pop()
        else:
            _, connection = await loop.create_connection(_Connection, host, int(port), ssl=tls)
            made.append(connection)
        check(await connection.ask(head))
        idle.append(connection)

    try:
        yield Requests(name, request)
    finally:
        for connection in made:
            connection.close()
