"""A way to PostgreSQL that breaks at a message of the client's choosing."""

from __future__ import annotations

import asyncio
from typing import Literal, Self

Moment = Literal["before", "after", "at once", "never"]


class BreakingProxy:
    """Forwards 127.0.0.1:`port`; once armed, breaks the connection at one message of the client's.

    - ``before``: the message does not arrive
    - ``after``: it arrives and is answered, and the answer is lost
    - ``at once``: it arrives, and the client is cut off while the server is at work on it
    - ``never``: it does not arrive, and nothing tells the client
    """

    def __init__(self, target: int) -> None:
        self.port = 0
        self.broken = 0
        """Connections broken so far."""
        self.refuses = False
        """Whether new connections are cut at once."""
        self._target = target
        self._left = 0
        self._moment: Moment = "before"
        self._tasks: set[asyncio.Task[None]] = set()

    def arm(self, message: int, moment: Moment) -> None:
        """Break at the *message*-th message from now on, counted from 1."""
        self._left, self._moment = message, moment

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._forward(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refuses:
            writer.transport.abort()
            return
        answers, up = await asyncio.open_connection("127.0.0.1", self._target)
        back = asyncio.get_running_loop().create_task(_pump(answers, writer))
        try:
            while data := await reader.read(65536):
                self._left -= 1
                if self._left == 0:
                    self.broken += 1
                    back.cancel()
                    await asyncio.wait([back])
                    await self._break(data, answers, up, writer)
                    return
                up.write(data)
        except OSError:
            pass
        finally:
            back.cancel()
            await asyncio.wait([back])
            writer.transport.abort()
            up.transport.abort()

    async def _break(
        self, data: bytes, answers: asyncio.StreamReader, up: asyncio.StreamWriter, client: asyncio.StreamWriter
    ) -> None:
        if self._moment in ("after", "at once"):
            up.write(data)
        if self._moment == "at once":
            client.transport.abort()
        if self._moment != "before":
            await answers.read(1)  # for ever, where nothing was asked


async def _pump(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(65536):
            to.write(data)
    except OSError:
        pass
    to.close()
