"""`Processes`: reads with several processes of this machine, and replaces those that end."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

from attrs import field, frozen

from wallet_async.engine.checks import at_least
from wallet_async.engine.errors import WalletError
from wallet_async.engine.limits import Timeouts
from wallet_async.provider import Provider
from wallet_async.reconcile.chunks import Chunk
from wallet_async.reconcile.reader import Tally
from wallet_async.reconcile.runners.board import Board, Report
from wallet_async.reconcile.runners.messages import Failed, Read, Task, frame, received
from wallet_async.reconcile.runners.station import Order
from wallet_async.reconcile.running import AT_ONCE, OnStanding, Work, together
from wallet_async.reconcile.standing import Standing

_WORKER = "wallet_async.reconcile.runners.worker"
_DEATHS = 3
"""Processes that may end one after the other without a chunk read before the run is given up."""
_PATIENCE = 5.0
"""Seconds that a process has to end by itself."""


@frozen(kw_only=True)
class Processes:
    """Reads with *count* processes, each of which makes a session of its own from *environ*.

    Each gets its next chunk when it has read one. One that is killed is replaced, and what it was reading is read anew.
    """

    provider: Provider
    """Whose wallets."""
    count: int = field(validator=at_least(1))
    """Processes."""
    rate: float | None = None
    """Requests a second at most, of all together: divided among them; or shared with whoever else names the store that
    `PACE` names in *environ*."""
    timeouts: Timeouts = field(factory=Timeouts)
    """Of their sessions."""
    environ: Mapping[str, str] = field(factory=lambda: os.environ, repr=False)
    """Their environment."""

    @property
    def place(self) -> str:
        """Where the requests go of a session that is made from *environ*."""
        return self.provider.session(self.environ).base_url

    async def run(self, work: Work, on_standing: OnStanding) -> Standing:
        """Read every chunk; see `Runner`."""
        now = asyncio.get_running_loop().time
        board = Board(done=work.done, total=work.total, now=now())
        order = Order(job=work.job, rate=self.rate, processes=self.count, timeouts=self.timeouts)
        seats = [
            _Seat(order, self.environ, lambda who, report: board.hear(who, report, now())) for _ in range(self.count)
        ]

        async def read(seat: _Seat) -> None:
            for chunk in work.chunks:
                board.end(chunk, await seat.read(chunk, work.shard(chunk)))

        try:
            lanes = [read(seat) for seat in seats for _ in range(AT_ONCE)]
            return await together(lanes, lambda: board.standing(now()), on_standing)
        finally:
            await asyncio.gather(*(seat.aclose() for seat in seats))


class _EndedError(Exception):
    """A process has ended, and nobody had asked it to."""


class _Process:
    """A process that reads chunks.

    Args:
        process: It has been started.
        on_report: Takes what it says of itself.
    """

    def __init__(self, process: asyncio.subprocess.Process, on_report: Callable[[object, Report], None]) -> None:
        self._process = process
        self._on_report = on_report
        self._waiting: dict[int, asyncio.Future[Tally]] = {}
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def start(cls, order: Order, environ: Mapping[str, str], on_report: Callable[[object, Report], None]) -> Self:
        """Start it."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", _WORKER),  # -P: nothing is imported from the folder that it happens to run in
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=environ,
            start_new_session=True,  # Ctrl-C is for the process that started it
        )
        started = cls(process, on_report)
        started._send(order)
        return started

    async def read(self, chunk: Chunk, into: Path) -> Tally:
        """Let it read a chunk.

        Raises:
            _EndedError: It has ended.
            WalletError: What the chunk could not be read for.
        """
        if self._listening.done():
            raise _EndedError
        answer: asyncio.Future[Tally] = asyncio.get_running_loop().create_future()
        self._waiting[chunk.number] = answer
        try:
            self._send(Task(chunk, into))
            return await answer
        finally:
            self._waiting.pop(chunk.number, None)

    def _send(self, message: object) -> None:
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        self._process.stdin.write(frame(message))

    async def _listen(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        while (answer := await received(self._process.stdout)) is not None:
            if isinstance(answer, Report):
                self._on_report(self, answer)
            else:
                self._answer(self._waiting.get(answer.number), answer)
        for waiting in self._waiting.values():
            self._answer(waiting, None)

    def _answer(self, waiting: asyncio.Future[Tally] | None, answer: Read | Failed | None) -> None:
        if waiting is None or waiting.done():
            return  # the run is ending, and nobody waits any more
        if isinstance(answer, Read):
            waiting.set_result(answer.tally)
        else:
            waiting.set_exception(answer.error if answer else _EndedError())

    async def aclose(self) -> int:
        """Let it end, and see that it does; give its exit status."""
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        self._process.stdin.close()
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                self._process.kill()
        await self._listening
        return await self._process.wait()


class _Seat:
    """A place for one process at a time."""

    def __init__(self, order: Order, environ: Mapping[str, str], on_report: Callable[[object, Report], None]) -> None:
        self._order = order
        self._environ = environ
        self._on_report = on_report
        self._seated: _Process | None = None
        self._changing = asyncio.Lock()
        self._deaths = 0

    async def read(self, chunk: Chunk, into: Path) -> Tally:
        """Read a chunk with whatever process sits here, and with the next one if it ends meanwhile."""
        while True:
            process = await self._process()
            try:
                tally = await process.read(chunk, into)
            except _EndedError:
                await self._bury(process)
            else:
                self._deaths = 0
                return tally

    async def _process(self) -> _Process:
        async with self._changing:
            if self._seated is None:
                self._seated = await _Process.start(self._order, self._environ, self._on_report)
            return self._seated

    async def _bury(self, process: _Process) -> None:
        """Leave the seat to another, once for each process that ends."""
        async with self._changing:
            if process is not self._seated:
                return
            self._seated = None
            self._deaths += 1
            status = await process.aclose()
            if self._deaths >= _DEATHS:
                raise WalletError(
                    f"{_DEATHS} processes ended one after the other while reading, the last with exit status {status}"
                )

    async def aclose(self) -> None:
        """Let who sits here end."""
        if self._seated is not None:
            await self._seated.aclose()
