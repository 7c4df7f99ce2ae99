"""Processes that are forked from one that has imported everything: to start one, and to lose it, costs milliseconds."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["tests.crash.child", "tests.journal.booker"])


class Child:
    """A process that talks over a pipe; made by `start`."""

    def __init__(self, target: Callable[..., None], arguments: tuple[object, ...]) -> None:
        self._talk, other = _processes.Pipe()
        self._process = _processes.Process(target=target, args=(other, *arguments), daemon=True)
        self._process.start()
        other.close()

    @classmethod
    async def start(cls, target: Callable[..., None], *arguments: object) -> Child:
        """Start one that calls *target* with its end of the pipe, a `Connection`, and with *arguments*."""
        return await asyncio.to_thread(cls, target, arguments)

    def go(self) -> None:
        """Let it go on that waits for a word, unless it is dead: strace may count the waiting, and kill it there."""
        with suppress(BrokenPipeError):
            self._talk.send(None)

    def signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        assert self._process.pid is not None
        with suppress(ProcessLookupError):
            os.kill(self._process.pid, number)

    async def said(self) -> Any:
        """Give the next that it says, or None if it is dead and has said no more."""
        with suppress(EOFError, ConnectionResetError):
            return await asyncio.to_thread(self._talk.recv)
        return None

    async def gone(self) -> int | None:
        """Wait until all of it has ended, its files closed; give its exit code."""
        await asyncio.to_thread(self._process.join)
        self._talk.close()
        code = self._process.exitcode
        self._process.close()
        return code
