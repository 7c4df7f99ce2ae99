"""Opening a journal that is there already: no command but ``install`` makes one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from wallet_async.journal import Journal, JournalError, Settling
from wallet_async.journal.address import parts
from wallet_async.journal.migrations import Migration, load
from wallet_async.journal.schema import pending


@asynccontextmanager
async def opened(url: str, settling: Settling | None = None) -> AsyncIterator[Journal]:
    """Open the journal, whose tables have to be there and up to date.

    Raises:
        InvalidInputError: *url* names no journal.
        JournalError: There is none, it is in use, or it has other tables; nothing was changed.
    """
    refuse(url, await pending(url))
    async with await Journal.open(url, settling=settling) as journal:
        yield journal


def refuse(url: str, lacks: tuple[Migration, ...]) -> None:
    """Refuse a journal that lacks tables.

    Raises:
        JournalError: It says what to run.
    """
    dialect, _ = parts(url)
    if lacks == load(dialect):
        raise JournalError("there is no journal there: run `wallet-async journal install`")
    if lacks:
        raise JournalError(f"the journal lacks {len(lacks)} migration(s): run `wallet-async journal upgrade`")
