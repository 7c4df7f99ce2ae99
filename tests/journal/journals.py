"""Journals in files, from outside: entries in a row, a process that is killed, a connection that fails."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Awaitable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.journal.conformance import SERVICE, sending
from wallet_async.journal.entry import Entry
from wallet_async.journal.sqlite import SqliteStore

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[SqliteStore]:
    """Give an open store, and close it."""
    store = await SqliteStore.open(path)
    try:
        yield store
    finally:
        await store.aclose()


async def filled(path: Path, references: Iterable[object]) -> None:
    """Open a journal, claim these references one after another, and close it."""
    async with opened(path) as store:
        for reference in references:
            await store.claim(sending(str(reference)))


async def everything(store: SqliteStore) -> dict[str, Entry]:
    """Give all entries that are being sent or booked, by reference."""
    found = await store.listed(SERVICE, ["sending", "applied"], after=None, limit=1_000_000)
    return {entry.reference: entry for entry in found}


async def failures(calls: Iterable[Awaitable[object]]) -> list[BaseException]:
    """Give the errors of those that failed, once all have ended."""
    ended = await asyncio.gather(*calls, return_exceptions=True)
    return [each for each in ended if isinstance(each, BaseException)]


class FailingConnection:
    """A connection on which one kind of statement fails once."""

    def __init__(self, db: sqlite3.Connection, statement: str) -> None:
        self._db = db
        self._statement = statement
        self._failed = False

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        if sql == self._statement and not self._failed:
            self._failed = True
            raise sqlite3.OperationalError("disk I/O error")
        return self._db.execute(sql, *values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)


def break_once(store: SqliteStore, statement: str) -> FailingConnection:
    """Let *statement* fail once on the store's connection."""
    file = store._worker._file
    assert file is not None
    broken = FailingConnection(file.db, statement)
    file.db = broken  # type: ignore[assignment]
    return broken


async def killed(path: Path, name: str, seconds: float, *, least: int = 1) -> list[list[str]]:
    """Let another process fill a journal, and kill it; give the lines in which it said what was acknowledged.

    Args:
        path: The journal.
        name: What its references begin with.
        seconds: How long it goes on after the first *least* lines.
        least: Lines to wait for.
    """
    command = [sys.executable, "-m", "tests.journal.filler", str(path), name]
    child = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    assert child.stdout is not None
    lines = [await child.stdout.readline() for _ in range(least)]
    await asyncio.sleep(seconds)
    os.kill(child.pid, signal.SIGKILL)
    lines += (await child.stdout.read()).splitlines()
    await child.wait()
    return [line.decode().split() for line in lines]
