"""A lean server in a process of its own: the same history for every GET, a receipt that echoes every PUT.

It answers in about 15 us, so that the client under test is what a benchmark measures.
"""

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from benchmarks.answers import history, receipt

_LARGEST_REQUEST = 16 * 1024


def _answer(body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


_HISTORY = _answer(history())


class LeanProtocol(asyncio.BufferedProtocol):
    """One connection: keep-alive, one request at a time, as HTTP clients without pipelining send them."""

    def __init__(self) -> None:
        self._buffer = bytearray(_LARGEST_REQUEST)
        self._filled = 0

    def connection_made(self, transport: Any) -> None:
        """Answers leave as they are written, without waiting for more."""
        self._transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's
        """Read into a buffer of our own: no allocation, whatever state the heap is in."""
        return memoryview(self._buffer)[self._filled :]

    def buffer_updated(self, nbytes: int) -> None:
        """Answer as soon as the request is whole."""
        self._filled += nbytes
        end = self._buffer.find(b"\r\n\r\n", 0, self._filled)
        if end < 0:
            return
        if self._buffer.startswith(b"GET "):
            self._filled = 0
            self._transport.write(_HISTORY)
            return
        head = bytes(self._buffer[:end])
        if self._filled < end + 4 + _content_length(head):
            return
        fields = json.loads(self._buffer[end + 4 : self._filled])
        self._filled = 0
        wallet_id = head.split(b" ", 2)[1].rpartition(b"/")[2].decode()
        self._transport.write(_answer(receipt(wallet_id, fields)))


def _content_length(head: bytes) -> int:
    return int(head.lower().partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0])


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(LeanProtocol, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    # The harness holds the other end of stdin: when it ends, however it ends, so does this process.
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


def pin(place: int) -> None:
    """Keep this process on one core: 0 for the client, 1 for the server; does nothing where there is one core."""
    if not hasattr(os, "sched_setaffinity"):
        return
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        os.sched_setaffinity(0, {cores[place]})


@contextlib.contextmanager
def running() -> Iterator[str]:
    """Run the server; gives its base URL."""
    command = [sys.executable, "-m", "benchmarks.server"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.stdin.close()


if __name__ == "__main__":
    pin(1)
    asyncio.run(_serve())
