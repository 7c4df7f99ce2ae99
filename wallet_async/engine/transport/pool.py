"""The open connections to one host, and the part of a request's head that never changes."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping

import aiohttp
from yarl import URL

from wallet_async.engine.calls import Call
from wallet_async.engine.errors import ConnectError, InvalidInputError
from wallet_async.engine.transport import inside
from wallet_async.engine.transport.client_session import ALWAYS, KEEP_ALIVE, USER_AGENT
from wallet_async.engine.transport.connection import Connection
from wallet_async.engine.transport.deadlines import Deadlines

_BUFFER = 64 * 1024
"""Bytes read at once; a page of 20 rows has about four thousand."""


class Pool:
    """Connections to the host of one base URL, taken from an aiohttp connector and kept until they are too old."""

    def __init__(
        self,
        base_url: str,
        connector: aiohttp.BaseConnector,
        timeout: aiohttp.ClientTimeout,
        max_body: int,
        deadlines: Deadlines,
    ) -> None:
        self._url = URL(base_url)
        self._connector = connector
        self._timeout = timeout
        self._max_body = max_body
        self._deadlines = deadlines
        self._buffer = memoryview(bytearray(_BUFFER))  # another thread's pool must not read into it
        self._loop = asyncio.get_running_loop()
        self._idle: deque[Connection] = deque()  # the one used last is at the right
        self._sweeper: asyncio.TimerHandle | None = None
        self._path = self._url.raw_path.rstrip("/")
        self._credentials: Mapping[str, str] | None = None
        self._head = b""

    def request(self, call: Call, credentials: Mapping[str, str]) -> bytes:
        """Write *call* as it goes over the wire.

        Raises:
            InvalidInputError: Its target could end the line it stands in.
        """
        line = f"{call.method} {self._path}{call.target} HTTP/1.1"
        if not (line.isascii() and line.isprintable() and line.count(" ") == 2):
            raise InvalidInputError(f"the target {call.target!r} is not percent-encoded")
        if credentials is not self._credentials:
            self._head = self._write_head(credentials)
            self._credentials = credentials
        head = line.encode() + self._head
        if call.body is None:
            return head + b"\r\n"
        entity = f"Content-Type: {call.content_type}\r\nContent-Length: {len(call.body)}\r\n\r\n"
        return head + entity.encode() + call.body

    def _write_head(self, credentials: Mapping[str, str]) -> bytes:
        host = self._url.host_port_subcomponent or ""
        lines = [("Host", host), *ALWAYS, USER_AGENT, *credentials.items()]
        return "".join(["\r\n", *(f"{name}: {value}\r\n" for name, value in lines)]).encode()

    def take(self, now: float) -> Connection | None:
        """Give an idle connection, the one used last, or None."""
        while self._idle:
            connection = self._idle.pop()
            if now - connection.idle_since < KEEP_ALIVE and not connection.transport.is_closing():
                return connection
            connection.close()
        return None

    async def connect(self) -> Connection:
        """Make a connection.

        Raises:
            ConnectError: The server spoke before it was asked.
            aiohttp.ClientError: It could not be made.
        """
        held = await inside.connect(self._connector, self._url, self._timeout, self._loop)
        transport, handler = held.transport, held.protocol
        if transport is not None and handler is not None:
            connection = Connection(held, transport, handler, self._buffer, self._max_body, self._deadlines)
            if connection.usable:
                return connection
        held.close()
        raise ConnectError("the server sent something, or closed the connection, before it was asked")

    def give_back(self, connection: Connection) -> None:
        """Keep *connection* for the next call if it is open."""
        if not connection.transport.is_closing():
            connection.idle_since = self._loop.time()
            self._idle.append(connection)
            if self._sweeper is None:
                self._sweeper = self._loop.call_at(connection.idle_since + KEEP_ALIVE, self._sweep)
        else:
            connection.close()

    def _sweep(self) -> None:
        """Close what has been idle for too long: a server closes it too, and a write must not meet that moment."""
        self._sweeper = None
        now = self._loop.time()
        while self._idle and self._idle[0].idle_since + KEEP_ALIVE <= now:
            self._idle.popleft().close()
        if self._idle:
            self._sweeper = self._loop.call_at(self._idle[0].idle_since + KEEP_ALIVE, self._sweep)

    def close(self) -> None:
        """Close the idle connections."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        while self._idle:
            self._idle.pop().close()
