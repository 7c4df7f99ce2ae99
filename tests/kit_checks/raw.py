"""A client of asyncio streams that does exactly what a check tells it, and never anything twice."""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections.abc import Callable
from types import TracebackType
from typing import Self

from tests.kit import Flavour
from tests.kit.bodies import LOYALTY_WALLET, REHOOK_WALLET

PATIENCE = 5.0  # seconds a check waits for what has to come
QUIET = 0.05  # seconds a check waits for what must not come
ENOUGH = 200_000  # bytes after which a check has seen enough of an answer


def write_request(flavour: Flavour) -> bytes:
    """Build the provider's credit."""
    if flavour.name == "rehook":
        path = f"PUT /wallets/customer/krishna123/transactions/{REHOOK_WALLET}"
        return request(path, b'{"description": "Order 1", "points": 20, "type": "credit"}')
    body = f'{{"wallet_number": "{LOYALTY_WALLET}", "amount": 25, "ext_transaction_id": "r1"}}'
    return request("POST /v1/Wallet/IncreaseLoyaltyBalance", body.encode())


def read_request(flavour: Flavour) -> bytes:
    """Build the provider's reading of a history."""
    if flavour.name == "rehook":
        return request(f"GET /wallets/customer/krishna123/transactions/{REHOOK_WALLET}?page=1")
    return request("POST /v1/TransactionData/SummaryRecordByFilter", b"{}")


def request(line: str, body: bytes = b"") -> bytes:
    """Build a request from its method and target, and its body."""
    return f"{line} HTTP/1.1\r\nHost: kit\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


class Raw:
    """One connection, closed when the block ends."""

    def __init__(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        self._port, self._tls = port, tls

    async def __aenter__(self) -> Self:
        name = "localhost" if self._tls else None
        self.reader, self.writer = await asyncio.open_connection(
            "127.0.0.1", self._port, ssl=self._tls, server_hostname=name
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.writer.transport.abort()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()

    async def ask(self, data: bytes) -> bytes:
        """Send `data` and read one whole answer.

        Raises:
            OSError: The connection was lost before the answer was whole.
            asyncio.IncompleteReadError: The server closed before the answer was whole.
        """
        self.writer.write(data)
        head = await self.reader.readuntil(b"\r\n\r\n")
        return head + await self.reader.readexactly(_length(head) or 0)

    async def whatever(self, data: bytes, patience: float = PATIENCE) -> bytes:
        """Send `data` and give what came: a whole answer, or all up to a close or the end of patience."""
        got = b""
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(patience):
                self.writer.write(data)
                while not _enough(got) and (piece := await self.reader.read(65_536)):
                    got += piece
        return got


def _length(head: bytes) -> int | None:
    """Read the Content-Length of an answer's head; None if there is none that makes sense."""
    found = re.search(rb"(?i)\r\ncontent-length: (\d+)\r\n", head)
    return int(found[1]) if found else None


def _enough(got: bytes) -> bool:
    """Say whether an answer is whole, by its length, or long enough to look no further."""
    head, end, body = got.partition(b"\r\n\r\n")
    length = _length(head + end)
    bodiless = bool(end) and b" 204 " in head[:13]
    return len(got) > ENOUGH or bodiless or (length is not None and len(body) >= length)


async def until(condition: Callable[[], object]) -> None:
    """Let the loop turn until `condition` holds.

    Raises:
        AssertionError: It did not hold after very many turns.
    """
    for _ in range(100_000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("what was waited for did not come")
