"""What a run will take: requests, and time. Pure."""

from __future__ import annotations

from attrs import frozen

PAGE = 20
"""Rows a request: both providers' pages."""


def history_requests(rows: int) -> int:
    """Say how many requests a history of so many rows takes: a full page tells nothing of what comes after it."""
    return rows // PAGE + 1


@frozen(kw_only=True)
class Budget:
    """What reading the provider's side will take, if it holds about what the ledger holds."""

    wallets: int
    rows: int
    """Movements in the ledger."""
    lookups: int
    """Requests that tell of a wallet besides its history."""
    pages: int
    """Requests for histories."""

    @property
    def requests(self) -> int:
        """All of them."""
        return self.lookups + self.pages

    def seconds(self, *, rate: float | None, concurrency: int, latency: float) -> float:
        """Say how long that takes.

        Args:
            rate: Requests a second at most, or None.
            concurrency: Requests under way at once.
            latency: Seconds that one takes.
        """
        sustained = concurrency / latency
        return self.requests / min(rate or sustained, sustained)
