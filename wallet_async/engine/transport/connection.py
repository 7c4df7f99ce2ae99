"""One connection and the answers that come over it: the common one read here, any other by aiohttp's parser."""

from __future__ import annotations

import asyncio

from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection as Held

from wallet_async.engine.calls import Reply
from wallet_async.engine.errors import DisconnectedError, WalletError
from wallet_async.engine.transport.body import too_large
from wallet_async.engine.transport.deadlines import Deadlines
from wallet_async.engine.transport.faults import translate
from wallet_async.engine.transport.head import Headers, read_head
from wallet_async.engine.transport.odd import is_at_its_end, read_parsed


class Connection(asyncio.BufferedProtocol):
    """Sends one request at a time and reads its answer.

    It reads into a buffer that all connections of a transport share, since nothing is kept there between two
    callbacks: asyncio's own would be 256 KiB, mapped and unmapped by the kernel for every answer.
    """

    def __init__(
        self,
        held: Held,
        transport: asyncio.Transport,
        handler: ResponseHandler,
        buffer: memoryview,
        max_body: int,
        deadlines: Deadlines,
    ) -> None:
        self.transport = transport
        """What it writes to."""
        self._handler = handler
        self.idle_since: float = 0.0
        """When its last answer was complete, in seconds of the loop's clock."""
        self._held = held
        self._buffer = buffer
        self._max_body = max_body
        self._deadlines = deadlines
        self._waiter: asyncio.Future[Reply | None] | None = None
        self._head: tuple[int, bytes] | None = None
        self._body = bytearray()
        self._missing = 0
        self.transport.set_protocol(self)

    @property
    def usable(self) -> bool:
        """Whether it is open, and nothing has come to aiohttp's parser that nobody asked for."""
        return not self.transport.is_closing() and not self._handler.should_close

    async def exchange(self, request: bytes, deadline: float) -> Reply | None:
        """Send *request* and wait for the answer.

        Returns:
            The answer, or None if it is not a common one: then aiohttp's parser has what came so far.

        Raises:
            TimeoutError: *deadline*, in seconds of the loop's clock, is over.
            WalletError: The connection broke, or the answer is too large.
        """
        waiter: asyncio.Future[Reply | None] = self._deadlines.wait(deadline)
        self._waiter = waiter
        try:
            self.transport.write(request)
            return await waiter
        except BaseException:
            self.close()  # an answer that still comes must not meet the next request
            raise
        finally:
            self._deadlines.remove(waiter)

    async def read_odd(self) -> Reply:
        """Read the answer that aiohttp's parser was given by `exchange`, and take the connection back.

        Raises:
            WalletError: The answer is broken, cut short or too large.
        """
        try:
            reply, fit = await read_parsed(self._handler, self._max_body)
            fit = fit and self.usable and self.transport.is_reading() and await is_at_its_end(self._handler)
        except BaseException:
            self.close()
            raise
        if fit:
            self.transport.set_protocol(self)
        else:
            self.close()
        return reply

    def close(self) -> None:
        """Close the connection at once."""
        self.transport.abort()
        self._held.close()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's
        """Give the buffer to read into."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take what was read."""
        waiter = self._waiter
        if waiter is None or waiter.done():
            self.transport.abort()  # nobody asked for this
        elif self._head is None:
            self._begin(waiter, bytes(self._buffer[:nbytes]))
        else:
            self._body += self._buffer[:nbytes]
            self._missing -= nbytes
            if self._missing <= 0:
                body, self._body = bytes(self._body), bytearray()
                self._finish(waiter, *self._head, body)

    def _begin(self, waiter: asyncio.Future[Reply | None], data: bytes) -> None:
        common = read_head(data)
        if common is None:
            self._hand_over(waiter, data)
            return
        status, head, length = common
        if length > self._max_body:
            self._fail(waiter, too_large(self._max_body))
            return
        body = data[len(head) :]
        self._missing = length - len(body)
        if self._missing <= 0:
            self._finish(waiter, status, head, body)
        else:
            self._head, self._body = (status, head), bytearray(body)

    def _finish(self, waiter: asyncio.Future[Reply | None], status: int, head: bytes, body: bytes) -> None:
        if self._missing < 0:
            body = body[: self._missing]
            self.transport.abort()  # what follows the answer belongs to no request
        self._waiter, self._head = None, None
        waiter.set_result(Reply(status, Headers(head), body))

    def _hand_over(self, waiter: asyncio.Future[Reply | None], data: bytes) -> None:
        self._waiter = None
        self.transport.set_protocol(self._handler)
        self._handler.set_response_params(read_until_eof=True, auto_decompress=False)
        self._handler.data_received(data)
        waiter.set_result(None)

    def _fail(self, waiter: asyncio.Future[Reply | None], fault: WalletError) -> None:
        self._waiter = None
        self.transport.abort()
        if not waiter.done():
            waiter.set_exception(fault)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the waiting call, and aiohttp's connector, which waits for this when it is closed."""
        if self._waiter is not None:
            cut = self._head is not None
            if isinstance(exc, OSError):
                fault = translate(exc, sent=True)
            else:
                fault = DisconnectedError("the answer was cut short" if cut else "the server closed the connection")
            self._fail(self._waiter, fault)
        self._held.close()
        self._handler.connection_lost(exc)
