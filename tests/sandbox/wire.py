"""Plain HTTP over a raw socket: these tests check bytes, so no HTTP client stands between."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from attrs import frozen

from wallet_async.sandbox import Sandbox

BASIC = "Basic " + b64encode(b"key:secret").decode()


@frozen
class Response:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Read the body."""
        return json.loads(self.body)


async def send(sandbox: Sandbox[Any], data: bytes) -> bytes:
    """Send *data* on a new connection and read to its end; a reset raises ConnectionResetError."""
    reader, writer = await asyncio.open_connection("127.0.0.1", sandbox.port)
    try:
        writer.write(data)
        return await reader.read()
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


def request(method: str, target: str, body: bytes = b"", **headers: str) -> bytes:
    """Give the bytes of one request that asks for the connection to be closed."""
    fields = {"Host": "sandbox", "Connection": "close", "Content-Length": str(len(body)), **headers}
    head = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    return "\r\n".join(head).encode() + body


def parse(data: bytes) -> Response:
    """Read one whole response."""
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return Response(int(first.split(" ")[1]), headers, body)


async def until(condition: Callable[[], object]) -> None:
    """Let the loop run until *condition* holds, for five seconds at most."""
    for _ in range(5_000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it did not come about within five seconds")


async def call(sandbox: Sandbox[Any], method: str, target: str, body: object = None, **headers: str) -> Response:
    """Make one request, with Rehook's credentials unless told otherwise; what is not bytes goes as JSON."""
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    fields = {"Authorization": BASIC, "Content-Type": "application/json"} | headers
    return parse(await send(sandbox, request(method, target, data, **fields)))
