"""A transport by itself: how to open one, ask it, and break its connections for sabotaged twins."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from tests.kit import Exchange, response
from wallet_async.engine.calls import Call, Reply
from wallet_async.engine.limits import Limits, Timeouts
from wallet_async.engine.transport import Evidence, Transport
from wallet_async.engine.transport.connection import Connection
from wallet_async.engine.transport.head import Headers, read_head
from wallet_async.engine.transport.opening import open_transport

SECONDS = 5.0  # of the deadline of a request; none here may need it


@contextlib.asynccontextmanager
async def opened(url: str, limits: Limits | None = None) -> AsyncIterator[Transport]:
    """Open the transport that a session would get."""
    transport = open_transport(url, limits or Limits(), Timeouts(), None)
    try:
        yield transport
    finally:
        await transport.aclose()


async def ask(
    transport: Transport,
    target: str = "/",
    *,
    body: bytes | None = None,
    evidence: Evidence | None = None,
    seconds: float = SECONDS,
) -> Reply:
    """Send one request."""
    call = Call(operation="ask", method="PUT" if body else "GET", target=target, body=body, repeatable=body is None)
    deadline = asyncio.get_running_loop().time() + seconds
    return await transport.attempt(call, {}, evidence or Evidence(), deadline)


def echo(exchange: Exchange) -> bytes:
    """Answer with the target asked for, so that a foreign answer is known for one."""
    return response(200, exchange.target)


class Credulous(Connection):
    """Sabotage: takes what comes unasked for the answer to the next request."""

    stray = b""

    def buffer_updated(self, nbytes: int) -> None:
        if self._waiter is None:
            self.stray += bytes(self._buffer[:nbytes])
        else:
            super().buffer_updated(nbytes)

    def _finish(self, waiter: Any, status: int, head: bytes, body: bytes) -> None:
        if self._missing < 0:
            self.stray, body, self._missing = body[self._missing :], body[: self._missing], 0
        super()._finish(waiter, status, head, body)

    async def exchange(self, request: bytes, deadline: float) -> Reply | None:
        common = read_head(self.stray)
        if common is None:
            return await super().exchange(request, deadline)
        self.transport.write(request)
        status, head, length = common
        body, self.stray = self.stray[len(head) :][:length], b""
        return Reply(status, Headers(head), body)
