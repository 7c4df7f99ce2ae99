"""The tables of a file: which migrations it lacks, and applying those."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from wallet_async.journal.errors import JournalError
from wallet_async.journal.migrations import Migration, load
from wallet_async.journal.sqlite.file import JournalFile, check_ours, explained, missing, without_log

_INSTALL = "run `wallet-async journal install`"


async def pending(place: str) -> tuple[Migration, ...]:
    """Give the migrations that the file lacks; all of them where it is empty. Its entries are left as they are.

    A file with a log beside it, of a crash or of whoever has it open, lacks nothing: opening it brings it up to date.

    Raises:
        JournalError: There is no such file, or it is no journal, or newer than this release.
    """
    return await asyncio.to_thread(_pending, place)


async def install(place: str) -> tuple[Migration, ...]:
    """Make the file, or what is missing in it, and give what was applied.

    Raises:
        JournalError: It is in use, no journal, or newer than this release; nothing was changed.
    """
    return await asyncio.to_thread(_install, place)


async def upgrade(place: str) -> tuple[Migration, ...]:
    """Bring a file that is there up to date, and give what was applied; opening a journal does the same.

    Raises:
        JournalError: There is none, or as for `install`; nothing was changed.
    """
    if await pending(place) == load("sqlite"):
        raise JournalError(f"{place}: there is no journal in it: {_INSTALL}")
    return await asyncio.to_thread(_install, place)


def _pending(place: str) -> tuple[Migration, ...]:
    """Look at the main file alone.

    To open and close it would bring a log of a crash into it, and whether it was put back could not be told any more.
    """
    path = Path(place).absolute()
    with _explaining(path):
        if not path.exists():
            raise JournalError(f"{path}: there is no such file: {_INSTALL}")
        log = path.with_name(f"{path.name}-wal")
        if log.exists() and log.stat().st_size:
            return ()  # the tables may stand in the log as yet; whoever opens the file brings them up to date
        with closing(without_log(path)) as db:
            check_ours(path, db)
            return missing(db)


def _install(place: str) -> tuple[Migration, ...]:
    path = Path(place).absolute()
    with _explaining(path):
        file = JournalFile(path)
        file.close()
    return file.applied


@contextmanager
def _explaining(path: Path) -> Iterator[None]:
    try:
        yield
    except (JournalError, OSError, sqlite3.Error, UnicodeDecodeError) as error:  # the last: of damaged tables
        raise explained(path, error) from error
