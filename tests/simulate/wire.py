"""A connection without a socket: what the client writes is read by a simulated server, and the other way round."""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from typing import Any

from tests.kit import Exchange
from tests.simulate.loop import HOST, Host


class Wire(asyncio.Transport):
    """The client's end, with the server's end in `reader` and `server`.

    Bytes that were written arrive whatever becomes of their writer. What the server sends is handed to the client in
    the client's own process, so one that is stopped gets it when it goes on, and one that is dead never.
    """

    def __init__(self, host: Host) -> None:
        super().__init__()
        self.host = host
        self.reader = asyncio.StreamReader()
        """Where the server reads what the client wrote."""
        self.server = _ServerEnd(self)
        self._context = copy_context()
        self._loop = asyncio.get_running_loop()
        self._protocol: Any = None
        self._closing = False
        self._reading = True
        self._unread = bytearray()

    # What the client's protocols call.

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._protocol  # type: ignore[no-any-return]

    def write(self, data: Any) -> None:
        self.host.touch("before the bytes")
        if not self._closing and not self.host.dead:
            self.reader.feed_data(bytes(data))
            self.host.touch("after the bytes")

    def is_closing(self) -> bool:
        return self._closing

    def is_reading(self) -> bool:
        return self._reading

    def pause_reading(self) -> None:
        self._reading = False

    def resume_reading(self) -> None:
        if not self._reading:
            self._reading = True
            self._call(self._deliver, b"")

    def close(self) -> None:
        self._end(None)

    def abort(self) -> None:
        self._end(None)

    # What the server's end calls.

    def deliver(self, data: bytes) -> None:
        self._call(self._deliver, data)

    def end(self, error: Exception | None) -> None:
        self._call(self._end, error)

    def _call(self, function: Any, argument: Any) -> None:
        self._loop.call_soon(function, argument, context=self._context)

    def _deliver(self, data: bytes) -> None:
        self.host.touch("an answer")
        self._unread += data
        while self._unread and self._reading and not self._closing:
            if isinstance(self._protocol, asyncio.BufferedProtocol):
                room = memoryview(self._protocol.get_buffer(-1))
                piece = bytes(self._unread[: len(room)])
                room[: len(piece)] = piece
                del self._unread[: len(piece)]
                self._protocol.buffer_updated(len(piece))
            else:
                piece, self._unread = bytes(self._unread), bytearray()
                self._protocol.data_received(piece)

    def _end(self, error: Exception | None) -> None:
        if not self._closing:
            self._closing = True
            self.reader.feed_eof()
            self._call(self._protocol.connection_lost, error)


class _ServerEnd:
    """As much of a `StreamWriter` as the behaviours of the fault matrix use."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    def write(self, data: bytes) -> None:
        if data:
            self.wire.deliver(data)

    async def drain(self) -> None:
        if self.wire.is_closing():
            raise ConnectionResetError

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.wire.end(None)


class WiredExchange(Exchange):
    """An exchange of the fault matrix on a `Wire`, with the simulated provider behind it."""

    def commit(self) -> None:
        """Carry the request out, if it is a write."""
        if self.is_write and not self.committed:
            self.committed = True
            self.server.carry_out(self)

    def good(self) -> bytes:
        """Give what the provider answers."""
        return self.server.good(self)

    async def send(self, data: bytes) -> None:
        """Send raw bytes: what was not carried out by now never is."""
        self.server.decided(self)
        await super().send(data)

    async def hold(self) -> None:
        """Say nothing until the client leaves, and carry nothing out any more."""
        self.server.decided(self)
        await super().hold()

    async def given_up(self) -> None:
        """Wait until the client has left, or stands still: from then on it counts as gone."""
        self.over = True
        while not self.reader.at_eof() and not self.writer.wire.host.stopped:  # noqa: ASYNC110 - time is awaited
            await asyncio.sleep(0.25)

    def rst(self) -> None:
        """Reset the connection."""
        self.over = True
        self.writer.wire.end(ConnectionResetError(104, "Connection reset by peer"))


def own_wire() -> Wire:
    """Make a wire for the process that runs now."""
    host = HOST.get()
    assert host is not None
    return Wire(host)
