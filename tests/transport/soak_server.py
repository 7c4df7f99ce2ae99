"""A fast server in a process of its own for the soak: answers well, oddly, brokenly or not at all, in turn.

The target says how: ``/close`` and so on; everything else is answered well. Run as a script, it prints its port and
serves until its standard input ends.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import sys

PAGE = json.dumps([{"wallet_id": f"waty_{number}", "wallet_name": "Main"} for number in range(5)]).encode()
ODD: dict[bytes, bytes] = {
    b"chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(PAGE), PAGE),
    b"close": b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(PAGE), PAGE),
    b"error": b"HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\nno",
    b"broken": b"HTTP/1.1 2x0 OK\r\n\r\n",
    b"cut": b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n[",
    b"two": b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%bHTTP/1.1 200 OK\r\n" % (len(PAGE), PAGE),
    b"gone": b"",
}
_PACKED = gzip.compress(PAGE)
ODD[b"gzip"] = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(_PACKED), _PACKED)
LAST = {b"close", b"broken", b"cut", b"gone"}
GOOD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(PAGE), PAGE)


class Connection(asyncio.Protocol):
    """One connection; a request comes in one piece."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        kind = data.split(b" ", 2)[1].rpartition(b"/")[2]
        if kind == b"silent":
            return
        self.transport.write(ODD.get(kind, GOOD))  # type: ignore[attr-defined]
        if kind in LAST:
            self.transport.close()


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(_serve())
