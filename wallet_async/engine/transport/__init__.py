"""The only place that talks to the network. Above it there are calls, replies and this project's errors."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Protocol

from attrs import define

from wallet_async.engine.calls import Call, Reply


@define
class Evidence:
    """What is known of one attempt of a call that must not run twice."""

    sent: bool = False
    """False as long as certainly no byte of the request has left."""
    connection: asyncio.Transport | None = None
    """The connection it left on."""

    def distrust(self) -> None:
        """Close the connection: what came over it was not the answer, so the next answer may not be either."""
        if self.connection is not None:
            self.connection.abort()


class Transport(Protocol):
    """Sends one request and gives one whole answer, or raises a `TransportError` or `DecodeError`."""

    @property
    def name(self) -> str:
        """What `statistics()` calls it."""

    async def attempt(self, call: Call, credentials: Mapping[str, str], evidence: Evidence, deadline: float) -> Reply:
        """Send *call* once; *evidence* says at any time, also after a cancellation, whether bytes have left.

        Raises:
            TimeoutError: *deadline*, in seconds of the loop's clock, is over.
        """

    def connections(self) -> int:
        """Count the open connections."""

    async def aclose(self) -> None:
        """Close what this transport opened, and nothing that the caller handed in."""
