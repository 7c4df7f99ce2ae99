"""A journal in PostgreSQL that was opened before a fork: its connections are the parent's, and no child uses them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import pytest

from tests.crash.long import only_long
from tests.journal.journals import ROOT
from tests.journal.postgres_server import PostgresServer

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="fork is POSIX's")

FORKED = """
import asyncio, os, sys
from tests.journal.conformance import sending
from wallet_async.engine import process
from wallet_async.journal.errors import JournalError
from wallet_async.journal.postgres import PostgresStore

url, blind = sys.argv[1:]
if blind == "blind":
    process.current = lambda: None

async def filled():
    store = await PostgresStore.open(url)
    await store.claim(sending())
    return store

async def in_the_child():
    try:
        await store.load("rehook", "order-1")
    except JournalError as error:
        print("child:", error, flush=True)
    await store.aclose()

async def in_the_parent():
    print("parent:", (await store.load("rehook", "order-1")).reference, flush=True)
    await store.aclose()

runner = asyncio.Runner()
store = runner.run(filled())
if not (child := os.fork()):
    asyncio.run(in_the_child())
    os._exit(0)
os.waitpid(child, 0)
runner.run(in_the_parent())
"""


async def check(url: str, *, blind: bool = False) -> None:
    """Fork with an open journal.

    Raises:
        AssertionError: The child used it, or took it from its parent.
    """
    command = [sys.executable, "-c", FORKED, url, "blind" if blind else "sound"]
    done = await asyncio.to_thread(
        subprocess.run, command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=30
    )
    refused = "child: the journal was opened before a fork; open it in the child\n"
    assert done.stdout == f"{refused}parent: order-1\n", done.stderr


async def test_a_fork_is_refused_and_harms_nothing(postgres: PostgresServer, database: str) -> None:
    """The child is told so, closing leaves the connections alone, and the parent goes on."""
    await check(postgres.url(database))


@only_long
async def test_twin_blind(postgres: PostgresServer, database: str) -> None:
    """One that cannot tell a child from its parent lets it use what is not its own."""
    with pytest.raises(AssertionError):
        await check(postgres.url(database), blind=True)
