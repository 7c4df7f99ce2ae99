"""What a store of rates does, and what is raised where it cannot."""

from __future__ import annotations

from typing import Protocol

from wallet_async.engine.errors import ConnectError

PATIENCE = 2.0
"""Seconds to wait for a connection to a store, and for an answer of it."""


class Store(Protocol):
    """Keeps when the next cell of one rate is free."""

    async def take(self, spacing: int) -> float:
        """Take the next free cell, and keep *spacing* microseconds behind it free.

        Returns:
            The seconds from now until the cell, as of the moment of the store's answer.

        Raises:
            ConnectError: The store cannot be asked; a cell may have been taken, and is lost.
        """

    async def aclose(self) -> None:
        """Close the connection."""


def away(why: str) -> ConnectError:
    """Make the error of a store that cannot be asked: without a cell nothing is sent."""
    return ConnectError(f"the shared rate cannot be asked: {why}; nothing was sent")
