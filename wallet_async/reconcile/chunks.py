"""The work cut into chunks: so many wallets each, always the same ones. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice

from attrs import frozen

SIZE = 500
"""Wallets of a chunk: what a killed run has to read again, at most, of each chunk under way."""


@frozen
class Chunk:
    """Some wallets whose histories become one shard."""

    number: int
    """Its place, from 0; names its shard."""
    wallets: tuple[str, ...]
    """As `wallet_text` joins them."""


@frozen(kw_only=True)
class Job:
    """What is read of every wallet. It is pickled to other processes, and holds no secret."""

    provider: str
    """Name of the provider."""
    since: datetime | None = None
    """Rows before this moment (aware) need not be read."""
    balances: bool = True
    """Whether balances are asked for."""
    concurrency: int = 50
    """Wallets read at once in one process."""


def cut(wallets: Iterable[str], size: int = SIZE) -> Iterator[Chunk]:
    """Cut *wallets* into chunks of *size*, in their order."""
    rest, number = iter(wallets), 0
    while some := tuple(islice(rest, size)):
        yield Chunk(number, some)
        number += 1
