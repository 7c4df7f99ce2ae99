"""The server, in a process of its own: pages for every GET, a receipt that echoes every PUT.

A bare loop over sockets, without asyncio: it has to leave the client under test as the slowest part. Its own CPU a
request stands beside every client's in the results. ``python -m benchmarks.server`` takes a delay in seconds and, for
TLS, a certificate; a line on stdin is answered with its counts, the end of stdin ends it.
"""

import heapq
import json
import selectors
import socket
import ssl
import sys
from itertools import count
from time import monotonic, process_time

from benchmarks.answers import history, receipt
from benchmarks.serving import pin

_LARGEST_REQUEST = 16 * 1024
_EARLY = 0.001
"""Seconds before an answer is due from which the loop spins: the kernel wakes it up to a millisecond late."""
# As Node's Express answers, which Rehook's errors read like.
_HEAD = (
    "HTTP/1.1 200 OK\r\nX-Powered-By: Express\r\nContent-Type: application/json; charset=utf-8\r\n"
    'Content-Length: {}\r\nETag: W/"10c5-9d06ea48"\r\nDate: Wed, 13 Sep 2023 10:27:37 GMT\r\n'
    "Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n"
)


def _answer(body: bytes) -> bytes:
    return _HEAD.format(len(body)).encode() + body


class _Connection:
    """One connection: keep-alive, one request at a time, as HTTP clients without pipelining send them."""

    def __init__(self, sock: socket.socket, pages: dict[bytes, bytes]) -> None:
        self.sock = sock
        self._pages = pages
        self._buffer = bytearray(_LARGEST_REQUEST)
        self._filled = 0

    def read(self) -> bytes | None:
        """Take what came; gives the answer if that makes a request whole, and nothing when the client has gone."""
        try:
            received = self.sock.recv_into(memoryview(self._buffer)[self._filled :])
        except (BlockingIOError, ssl.SSLWantReadError):
            return None
        except OSError:
            received = 0
        if not received:
            return b""
        self._filled += received
        end = self._buffer.find(b"\r\n\r\n", 0, self._filled)
        if end < 0:
            return None
        target = bytes(self._buffer[: self._buffer.find(b" HTTP/1.1\r\n")])
        if target.startswith(b"GET "):
            self._filled = 0
            return self._page(target.rpartition(b"-")[2])
        head = bytes(self._buffer[:end])
        if self._filled < end + 4 + int(head.lower().partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]):
            return None
        fields = json.loads(self._buffer[end + 4 : self._filled])
        self._filled = 0
        return _answer(receipt(target.rpartition(b"/")[2].decode(), fields))

    def _page(self, wanted: bytes) -> bytes:
        """Give the page for the end of a target, such as ``100?page=3`` of a hundred."""
        answer = self._pages.get(wanted)
        if answer is None:
            pages, _, page = wanted.partition(b"?page=")
            answer = self._pages[wanted] = _answer(history(int(pages), int(page or 1)))
        return answer


class _Server:
    def __init__(self, delay: float, certificate: str | None) -> None:
        self._delay = delay
        self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH) if certificate else None
        if self._tls is not None:
            self._tls.load_cert_chain(str(certificate))
        self._selector = selectors.DefaultSelector()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self._pages: dict[bytes, bytes] = {}
        self._late: list[tuple[float, int, socket.socket, bytes]] = []
        self._numbers = count()
        self._answered = 0

    def run(self) -> None:
        """Serve until stdin ends."""
        self._selector.register(self._listener, selectors.EVENT_READ, None)
        self._selector.register(sys.stdin, selectors.EVENT_READ, None)
        print(self._listener.getsockname()[1], flush=True)
        while True:
            wait = max(0.0, self._late[0][0] - monotonic() - _EARLY) if self._late else None
            for key, _ in self._selector.select(wait):
                if key.data is not None:
                    self._serve(key.data)
                elif key.fileobj is self._listener:
                    self._accept()
                elif sys.stdin.readline():
                    print(self._answered, process_time(), flush=True)
                else:
                    return
            while self._late and self._late[0][0] <= monotonic():
                _, _, sock, answer = heapq.heappop(self._late)
                self._send(sock, answer)

    def _accept(self) -> None:
        sock, _ = self._listener.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls is not None:
            try:
                sock = self._tls.wrap_socket(sock, server_side=True)
            except OSError:
                return  # the client thought better of it
        sock.setblocking(False)
        self._selector.register(sock, selectors.EVENT_READ, _Connection(sock, self._pages))

    def _serve(self, connection: _Connection) -> None:
        answer = connection.read()
        if answer is None:
            return
        if not answer:
            self._selector.unregister(connection.sock)
            connection.sock.close()
        elif self._delay:
            heapq.heappush(self._late, (monotonic() + self._delay, next(self._numbers), connection.sock, answer))
        else:
            self._send(connection.sock, answer)

    def _send(self, sock: socket.socket, answer: bytes) -> None:
        self._answered += 1
        try:
            sent = sock.send(answer)
        except OSError:
            return  # the client has gone; reading will show it
        assert sent == len(answer), "a page fits into the socket's buffer"


if __name__ == "__main__":
    pin(1)
    _Server(float(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None).run()
