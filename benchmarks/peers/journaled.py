"""A credit through this library, with a journal and without: each with a reference that nobody used before."""

import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks.answers import SOURCE_ID
from benchmarks.peers import DESCRIPTION, POINTS, WALLET_ID
from benchmarks.peers.ours import LIMITS
from benchmarks.serving import Site
from benchmarks.slices import Client, Requests
from rehook_async import RehookSession
from wallet_async.journal import Journal, Settling
from wallet_async.journal.sqlite import store
from wallet_async.journal.sqlite.worker import Worker

DISK = "BENCHMARK_DISK"
POSTGRES_URL = "BENCHMARK_POSTGRES_URL"
"""Variables: a folder on a disk, and the URL of a database that holds a journal."""

_SETTLING = Settling(shown_within=3600)
"""The server's history never shows a credit: the session's one look whether it keeps the marks is put off."""
_references = map("order-{}".format, count())


@asynccontextmanager
async def bare(site: Site) -> AsyncIterator[Client]:
    """A credit with a reference and no journal: the same request."""
    async with _session(site, None) as rehook:
        yield _credits(rehook, "no journal")


@asynccontextmanager
async def sqlite(site: Site) -> AsyncIterator[Client]:
    """A credit with a journal in a file."""
    with tempfile.TemporaryDirectory(dir=os.environ[DISK]) as folder:
        async with await _opened(folder) as journal, _session(site, journal) as rehook:
            yield _credits(rehook, "SQLite")


@asynccontextmanager
async def sqlite_a_commit_each(site: Site) -> AsyncIterator[Client]:
    """The same, and the journal's thread takes one operation at a time: no two share a commit."""
    with tempfile.TemporaryDirectory(dir=os.environ[DISK]) as folder:
        with mock.patch.object(store, "Worker", _OneAtATime):
            opened = await _opened(folder)
        async with opened as journal, _session(site, journal) as rehook:
            yield _credits(rehook, "SQLite, a commit each")


@asynccontextmanager
async def postgres(site: Site) -> AsyncIterator[Client]:
    """A credit with a journal in PostgreSQL."""
    async with (
        await Journal.open(os.environ[POSTGRES_URL], settling=_SETTLING) as journal,
        _session(site, journal) as rehook,
    ):
        yield _credits(rehook, "PostgreSQL")


class _OneAtATime(Worker):
    """The journal's thread with batches of one."""

    def _taken(self) -> tuple[list[Any], bool]:
        job = self._jobs.get()
        return ([job], True) if job is not None else ([], False)


async def _opened(folder: str) -> Journal:
    return await Journal.open(f"sqlite:///{Path(folder) / 'journal.db'}", settling=_SETTLING)


def _session(site: Site, journal: Journal | None) -> RehookSession:
    return RehookSession("key", "secret", base_url=site.base_url, limits=LIMITS, journal=journal)


def _credits(rehook: RehookSession, name: str) -> Client:
    async def request() -> None:
        receipt = await rehook.credit(
            SOURCE_ID, WALLET_ID, POINTS, description=DESCRIPTION, reference=next(_references)
        )
        assert receipt.points == POINTS

    return Requests(name, request)
