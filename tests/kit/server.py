"""A raw HTTP/1.1 server on 127.0.0.1 that counts what it committed and then misbehaves by a script."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Self

from .exchange import Exchange
from .flavours import REHOOK, Flavour

Behaviour = Callable[[Exchange], Awaitable[None]]
"""What the server does with one exchange. It is called before anything was read of a fresh connection's
first request, and at the first byte of every later one."""

LINE_LIMIT = 1 << 20  # bytes of a request head; ids of 10 kB have to fit


class CommitServer:
    """A server whose commits can be counted, whatever the client got to see.

    Example:
        async with CommitServer(ROWS["15-rst-committed"]) as server:
            await client(server.url).credit(...)
        assert server.commits["PUT"] == 1
    """

    def __init__(self, behaviour: Behaviour, *, flavour: Flavour = REHOOK, tls: ssl.SSLContext | None = None) -> None:
        self.behaviour = behaviour
        self.flavour = flavour
        self.port = 0
        """TCP port on 127.0.0.1, known once the server is open."""
        self.seen: list[Exchange] = []
        """Every request whose head was read, in order."""
        self.commits: Counter[str] = Counter()
        """Writes carried out, by method."""
        self.connections = 0
        """Connections ever accepted (after the TLS handshake, if there is one)."""
        self.open_connections = 0
        self.in_flight = 0
        """Requests whose head was read and whose behaviour has not ended."""
        self.max_in_flight = 0
        self._tls = tls
        self._exchanges = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._errors: list[Exception] = []
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Base URL without a trailing slash; `localhost` under TLS, since certificates are made out to it."""
        return f"https://localhost:{self.port}" if self._tls else f"http://127.0.0.1:{self.port}"

    @property
    def committed(self) -> list[Exchange]:
        """The exchanges that were committed, in order of arrival."""
        return [exchange for exchange in self.seen if exchange.committed]

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=LINE_LIMIT, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop listening, cut every connection, await every task.

        Raises:
            Exception: The first error a behaviour made itself (a fault of the test, not of the client).
        """
        if self._server is None:
            return
        server, self._server = self._server, None
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await server.wait_closed()
        for _ in range(3):  # the loop tells a transport one turn later that it was aborted
            await asyncio.sleep(0)
        if self._errors:
            raise self._errors[0]

    def begin(self, exchange: Exchange) -> None:
        """Record *exchange*, whose head was just read."""
        self.seen.append(exchange)
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._converse(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # A task cancelled before its first step runs no line of its own, so the socket is closed from here.
        task.add_done_callback(lambda _: writer.transport.abort())

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection, self.connections = self.connections, self.connections + 1
        self.open_connections += 1
        try:
            await self._requests(connection, reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client left
        except Exception as error:
            self._errors.append(error)
        finally:
            self.open_connections -= 1
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    async def _requests(self, connection: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = b""
        for index in itertools.count():
            number, self._exchanges = self._exchanges, self._exchanges + 1
            exchange = Exchange(
                server=self,
                reader=reader,
                writer=writer,
                connection=connection,
                index=index,
                number=number,
                first=first,
            )
            try:
                await self.behaviour(exchange)
            finally:
                self.in_flight -= bool(exchange.method)
            if exchange.over or exchange.body is None:
                return
            first = await reader.read(1)
            if not first:
                return
