"""Other loops, forks, dropped stores and cancelled openings: each is refused or undone, and the file is given back."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.journal.conformance import SERVICE, sending
from tests.journal.journals import ROOT, everything, opened
from wallet_async.journal.errors import JournalError
from wallet_async.journal.sqlite import SqliteStore

posix = pytest.mark.skipif(os.name != "posix", reason="fork is POSIX's")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


async def test_it_is_refused_in_another_loop(path: Path) -> None:
    """A store belongs to the loop that it was opened in."""
    async with opened(path) as store:

        def elsewhere() -> None:
            with pytest.raises(JournalError, match="another event loop"):
                asyncio.run(store.load(SERVICE, "a"))

        await asyncio.to_thread(elsewhere)


async def test_one_that_is_dropped_warns_and_gives_the_file_back(path: Path) -> None:
    """A store that nobody closed says so, and its thread ends."""
    store = await SqliteStore.open(path)
    await store.claim(sending())
    thread = store._worker._thread
    with pytest.warns(ResourceWarning, match=r"unclosed journal .*journal\.db"):
        del store
    thread.join(10)
    async with opened(path) as store:
        assert len(await everything(store)) == 1


async def test_opening_that_is_cancelled_gives_the_file_back(path: Path) -> None:
    """Cancelled at any moment, opening leaves neither a lock nor a thread."""
    for steps in range(10):
        task = asyncio.ensure_future(SqliteStore.open(path))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            await (await task).aclose()
        async with opened(path) as store:
            assert not store.restored


FORKED = """
import asyncio, gc, os, sys
from tests.journal.conformance import sending
from wallet_async.journal.errors import JournalError
from wallet_async.journal.sqlite import SqliteStore

async def filled():
    store = await SqliteStore.open(sys.argv[1])
    for number in range(10):
        await store.claim(sending(str(number)))
    return store

async def in_the_child():
    try:
        await store.load("rehook", "a")
    except JournalError as error:
        assert "fork" in str(error)
    else:
        raise AssertionError("the child used its parent's journal")
    await store.aclose()

def looks():
    return [(f.name, f.stat().st_size, f.stat().st_mtime_ns) for f in os.scandir(os.path.dirname(sys.argv[1]))]

runner = asyncio.Runner()
store = runner.run(filled())
before = looks()
child = os.fork()
if child:
    status = os.waitpid(child, 0)[1]
    print("status", status, "same files", before == looks(), len(before), flush=True)
    os._exit(0)  # as good as a kill: only what is in the files counts
asyncio.run(in_the_child())
del store
gc.collect()
"""


@posix
async def test_a_fork_is_refused_and_harms_nothing(path: Path) -> None:
    """A child may not use the journal, and its end takes nothing away from under the parent."""
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", FORKED, str(path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout == "status 0 same files True 3\n", done.stderr
    async with opened(path) as store:
        assert len(await everything(store)) == 10
        assert not store.restored
