"""A TCP proxy that delays, swallows, cuts or replays (matrix rows 13 and 17)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal, Self

from .exchange import CHUNK

Drop = Literal["nothing", "requests", "answers"]


class DelayProxy:
    """Forwards 127.0.0.1:`port` to a target on 127.0.0.1, with faults.

    Args:
        target: Port to forward to.
        delay: Seconds before each piece, and each end of stream, is passed on.
        drop: What is swallowed without a word.
        cut_after: Bytes of the answers that pass before both sides are closed; None for all.
        duplicate: Send every byte of the client to a second connection too, whose answers are thrown away.
        sleep: Stands in for `asyncio.sleep`.
    """

    def __init__(
        self,
        target: int,
        *,
        delay: float = 0.0,
        drop: Drop = "nothing",
        cut_after: int | None = None,
        duplicate: bool = False,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.port = 0
        self.connections = 0
        """Connections taken from clients."""
        self._target = target
        self._delay = delay
        self._drop = drop
        self._cut_after = cut_after
        self._copies = 2 if duplicate else 1
        self._sleep = sleep
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Base URL without a trailing slash."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop listening, cut every connection, await every task."""
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

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.get_running_loop().create_task(self._forward(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: writer.transport.abort())

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pump both ways until both are done, one side is lost, or the cut has come."""
        ups: list[asyncio.StreamWriter] = []
        try:
            async with asyncio.TaskGroup() as pumps:
                for copy in range(self._copies):
                    answers, up = await asyncio.open_connection("127.0.0.1", self._target)
                    ups.append(up)
                    pumps.create_task(self._answers(answers, writer if copy == 0 else None))
                pumps.create_task(self._requests(reader, ups))
        except* OSError:
            pass
        finally:
            for up in ups:
                up.transport.abort()

    async def _requests(self, source: asyncio.StreamReader, ups: list[asyncio.StreamWriter]) -> None:
        while data := await self._piece(source):
            if self._drop != "requests":
                for up in ups:
                    up.write(data)
                    await up.drain()
        for up in ups:
            up.write_eof()

    async def _answers(self, source: asyncio.StreamReader, client: asyncio.StreamWriter | None) -> None:
        left = self._cut_after
        while data := await self._piece(source):
            if client is None or self._drop == "answers":
                continue
            client.write(data[:left])
            await client.drain()
            if left is not None:
                left -= len(data)
                if left <= 0:
                    client.close()
                    raise ConnectionAbortedError("the answer was cut")
        if client is not None and self._drop != "answers":
            client.write_eof()

    async def _piece(self, source: asyncio.StreamReader) -> bytes:
        """Wait for the next bytes, or the end of the stream, and then for the delay."""
        data = await source.read(CHUNK)
        await self._sleep(self._delay)
        return data
