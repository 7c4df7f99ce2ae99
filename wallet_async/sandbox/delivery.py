"""How a fault reaches the client: bytes, or their absence, on the socket."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from math import ceil

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from attrs import evolve

from wallet_async.sandbox.api import Answer
from wallet_async.sandbox.faults import Fault

_GATEWAY_PAGE = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n"
    "<center><h1>{0}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
_GARBAGE = b'\x00\x01{"txn_id": "\xff\xfe'
_LINGER_ZERO = struct.pack("ii", 1, 0)


class Delivered(web.StreamResponse):
    """Tells aiohttp that there is nothing more to write on this connection."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:  # noqa: ARG002 - aiohttp's
        """Write nothing."""
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Write nothing."""

    @property
    def keep_alive(self) -> bool:
        """False: the connection is done."""
        return False


def respond(answer: Answer) -> web.StreamResponse:
    """Give *answer* as it is, on a connection that stays open."""
    return web.Response(
        status=answer.status,
        body=answer.body,
        headers={"Content-Type": answer.content_type, **answer.headers},
    )


def with_retry_after(answer: Answer, seconds: float, form: str, now: datetime) -> Answer:
    """Add Retry-After to *answer*, in whole seconds or as a date counted from *now*."""
    if form == "date":
        moment = datetime.fromtimestamp(ceil(now.timestamp() + seconds), UTC)
        value = format_datetime(moment, usegmt=True)
    else:
        value = str(max(ceil(seconds), 0))
    return evolve(answer, headers={**answer.headers, "Retry-After": value})


def gateway_page(status: int) -> Answer:
    """Give the HTML page of a proxy that stands before the provider."""
    return Answer(status, _GATEWAY_PAGE.format(f"{status} {_phrase(status)}").encode(), "text/html")


def garbage() -> Answer:
    """Give a success whose body says that it is JSON and is not."""
    return Answer(200, _GARBAGE)


def close(request: web.BaseRequest) -> Delivered:
    """End the connection with a FIN."""
    if request.transport is not None:
        request.transport.close()
    return Delivered()


def reset(request: web.BaseRequest) -> Delivered:
    """End the connection with an RST."""
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        transport.abort()
    return Delivered()


async def hang(request: web.BaseRequest, *ends: asyncio.Event) -> Delivered:
    """Say nothing until one of *ends* is set, then close."""
    waits = [asyncio.create_task(end.wait()) for end in ends]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    return close(request)


def truncate(request: web.BaseRequest, answer: Answer) -> Delivered:
    """Promise the whole body, send half of it, close."""
    if request.transport is not None:
        request.transport.write(_head(answer, len(answer.body) or 1) + answer.body[: len(answer.body) // 2])
    return close(request)


async def drip(
    request: web.BaseRequest,
    answer: Answer,
    fault: Fault,
    seconds: Callable[[Fault], float],
    sleep: Callable[[float], Awaitable[None]],
) -> Delivered:
    """Send head and body a byte at a time until the client has gone."""
    for byte in _head(answer, len(answer.body)) + answer.body:
        if request.transport is None or request.transport.is_closing():
            break
        request.transport.write(bytes((byte,)))
        await sleep(seconds(fault))
    return close(request)


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in set(HTTPStatus) else "Unknown"


def _head(answer: Answer, length: int) -> bytes:
    headers = {"Content-Type": answer.content_type, "Content-Length": str(length), "Connection": "close"}
    lines = [f"HTTP/1.1 {answer.status} {_phrase(answer.status)}"]
    lines += [f"{name}: {value}" for name, value in {**headers, **answer.headers}.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
