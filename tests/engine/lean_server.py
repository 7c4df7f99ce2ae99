"""A server of Rehook histories in a process of its own: lean, so that the client is what is measured.

Every wallet has one row, but a source id that begins with ``poison`` gets a gateway's error page. ``/observed`` tells
what was seen. Run as a script, it prints its port and serves until its standard input ends. It answers when no more
requests come, or, with a number of seconds as its argument, each request after these; with a second number it refuses
(429) what comes faster than so many a second.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from functools import partial
from typing import ClassVar

_ROW = (
    b'[{"transaction_id":"trhi_%d","type":"credit","points":10,"description":"Wallet updated for redemption of code",'
    b'"created_at":"2023-05-18T12:00:00.000000Z","updated_at":"2023-05-18T12:00:00.000000Z"}]'
)
QUIET = 0.01
"""Seconds without a new request after which those held are answered: nobody has more to send."""


class Observed:
    """What the server has seen."""

    held: ClassVar[list[Callable[[], None]]] = []
    timer: asyncio.TimerHandle | None = None
    latency: float | None = None
    rate = 0.0
    tokens = 10.0
    filled_at = 0.0
    refused = 0
    most = 0
    requests = 0

    @classmethod
    def hold(cls, answer: Callable[[], None]) -> None:
        """Keep a request in flight until no more come."""
        cls.requests += 1
        if cls.latency is not None:
            asyncio.get_running_loop().call_later(cls.latency, answer)
            return
        cls.held.append(answer)
        cls.most = max(cls.most, len(cls.held))
        if cls.timer is not None:
            cls.timer.cancel()
        cls.timer = asyncio.get_running_loop().call_later(QUIET, cls.release)

    @classmethod
    def refuses(cls) -> bool:
        """Say whether a request comes too fast, by a token bucket."""
        if not cls.rate:
            return False
        now = asyncio.get_running_loop().time()
        cls.tokens = min(cls.rate / 5, cls.tokens + (now - cls.filled_at) * cls.rate)
        cls.filled_at = now
        refused = cls.tokens < 1
        cls.tokens -= not refused
        cls.refused += refused
        return refused

    @classmethod
    def release(cls) -> None:
        """Answer all that are in flight."""
        held, cls.held = cls.held, []
        for answer in held:
            answer()


class Connection(asyncio.Protocol):
    """One keep-alive connection; requests have no body."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        target = data.split(b" ", 2)[1]
        if target == b"/observed":
            seen = {"most": Observed.most, "requests": Observed.requests, "refused": Observed.refused}
            self._answer(200, json.dumps(seen).encode())
            return
        if Observed.refuses():
            self._answer(429, b"[]")
            return
        Observed.hold(partial(self._finish, target, Observed.requests))

    def _finish(self, target: bytes, number: int) -> None:
        if b"/poison" in target:
            self._answer(500, b"<html>Bad gateway</html>")
        else:
            self._answer(200, _ROW % number)

    def _answer(self, status: int, body: bytes) -> None:
        head = b"HTTP/1.1 %d Stated\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (
            status,
            len(body),
        )
        self.transport.write(head + body)  # type: ignore[attr-defined]


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    Observed.latency = float(sys.argv[1]) if len(sys.argv) > 1 else None
    Observed.rate = float(sys.argv[2]) if len(sys.argv) > 2 else 0.0
    asyncio.run(_serve())
