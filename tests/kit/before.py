"""Faults before any byte of the request can leave (matrix rows 1 to 7)."""

from __future__ import annotations

import contextlib
import ipaddress
import select
import socket
import threading
from collections.abc import Iterator
from typing import Any
from unittest import mock

from .bodies import HTML
from .exchange import Exchange, response
from .server import CommitServer

HANG_LIMIT = 30.0  # seconds after which a hung look-up gives up by itself, should a test die


@contextlib.contextmanager
def closed_port() -> Iterator[int]:
    """Give a port of 127.0.0.1 that refuses; it stays bound, so that nobody else can open it meanwhile."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@contextlib.contextmanager
def unanswering_listener(fillers: int = 4) -> Iterator[int]:
    """Give a port of 127.0.0.1 on which connecting hangs, the waiting line of its listener being full.

    Raises:
        RuntimeError: The system answered all the same (Linux drops such a SYN; others may not).
    """
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(fillers):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        if select.select([], [filler], [], 0.01)[1]:
            raise RuntimeError(f"the listener took {fillers} connections that nobody accepts")
        yield listener.getsockname()[1]


def silent_tls() -> CommitServer:
    """Build a server that accepts and never answers the TLS handshake: use https:// with its port."""
    return CommitServer(Exchange.hold)


def connect_proxy(status: int = 407) -> CommitServer:
    """Build an HTTP proxy that refuses every CONNECT (and every plain request) with `status`."""

    async def act(exchange: Exchange) -> None:
        await exchange.read_head()
        headers = {"Proxy-Authenticate": 'Basic realm="kit"', "Connection": "close"}
        await exchange.send(response(status, HTML, headers, content_type="text/html"))
        await exchange.fin()

    return CommitServer(act)


@contextlib.contextmanager
def fail_dns() -> Iterator[list[str]]:
    """Let every look-up of a name fail; gives the list of names asked for. Addresses still work."""
    asked: list[str] = []
    with mock.patch.object(socket, "getaddrinfo", _lookup(asked, None)):
        yield asked


@contextlib.contextmanager
def hang_dns() -> Iterator[list[str]]:
    """Let every look-up of a name hang in its thread until the block ends; gives the names asked for."""
    asked: list[str] = []
    release = threading.Event()
    with mock.patch.object(socket, "getaddrinfo", _lookup(asked, release)):
        try:
            yield asked
        finally:
            release.set()


def _lookup(asked: list[str], release: threading.Event | None) -> Any:
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host is None or _is_address(host):
            return real(host, *args, **kwargs)
        asked.append(host.decode() if isinstance(host, bytes) else host)
        if release is not None:
            release.wait(HANG_LIMIT)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    return getaddrinfo


def _is_address(host: str | bytes) -> bool:
    try:
        ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host)
    except ValueError:
        return False
    return True
