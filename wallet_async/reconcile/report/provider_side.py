"""What the shards of the provider's side tell beside the differences: its dates, and which wallets were not read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from attrs import frozen

from wallet_async.reconcile.database import database, shards


@frozen(kw_only=True)
class ProviderSide:
    """The provider's side as it was read."""

    first: datetime | None
    """Its oldest row, in UTC; None if there is none."""
    last: datetime | None
    """Its newest row."""
    unread: Sequence[tuple[str, str]]
    """The first wallets that could not be read, and why."""


def provider_side(history: Path, spill: Path, *, shown: int) -> ProviderSide:
    """Read the shards in the folder *history*; of the wallets that could not be read, the first *shown*."""
    source = shards(history)
    if source is None:
        return ProviderSide(first=None, last=None, unread=())
    with database(spill) as connection:
        first, last = connection.execute(f"SELECT min(created_at), max(created_at) FROM {source}").fetchall()[0]
        unread = connection.execute(
            f"SELECT wallet, error FROM {source} WHERE error IS NOT NULL ORDER BY wallet LIMIT {shown}"
        ).fetchall()
    return ProviderSide(first=first, last=last, unread=unread)
