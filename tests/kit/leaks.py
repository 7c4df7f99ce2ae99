"""The check that a block of code left no task and no open file behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

TURNS = 200  # loop turns the block's leftovers get to end; each one also asks the sockets

_DESCRIPTORS = Path("/proc/self/fd")


@contextlib.asynccontextmanager
async def no_leaks(turns: int = TURNS) -> AsyncIterator[None]:
    """Assert that after the block no task and no file descriptor more is there than before.

    Open what outlives the block (a server, say) outside of it, with its connections. Without
    /proc only tasks are watched.

    Raises:
        AssertionError: Something is left; the message names it.
    """
    await asyncio.sleep(0)
    tasks, files = asyncio.all_tasks(), _open_files()
    yield
    for _ in range(turns):
        await asyncio.sleep(0)
        more_tasks = asyncio.all_tasks() - tasks
        more_files = {number: name for number, name in _open_files().items() if files.get(number) != name}
        if not more_tasks and not more_files:
            return
    raise AssertionError(f"left behind: tasks {sorted(map(repr, more_tasks))}, files {more_files}")


def _open_files() -> dict[str, str]:
    """Map the number of every open descriptor to what it is open on; empty where /proc is missing."""
    files: dict[str, str] = {}
    with contextlib.suppress(FileNotFoundError):
        for entry in _DESCRIPTORS.iterdir():
            with contextlib.suppress(OSError):  # the descriptor that reads the directory is gone again
                files[entry.name] = os.readlink(entry)
    return files
