"""The journal's own thread: takes all operations that wait, does them in one transaction, then wakes their callers."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from wallet_async.journal.errors import JournalError
from wallet_async.journal.sqlite.batch import Work, transact
from wallet_async.journal.sqlite.file import JournalFile, explained


@frozen(eq=False)
class _Job:
    work: Work
    done: asyncio.Future[Any]


class Worker:
    """Runs operations on the journal's file, in the order in which they were put.

    The file is opened for the first operation, and again after any failure: after a failed sync the next success of the
    same connection proves nothing.
    """

    def __init__(self, path: Path, loop: asyncio.AbstractEventLoop) -> None:
        self.restored: bool = False
        """Whether entries may be missing; known after the first operation."""
        self.pruned: bool = False
        """Whether to leave the file without the remains of what was pruned, at the end: it takes a while."""
        self.ended: asyncio.Future[None] = loop.create_future()
        """Done when everything is done and the file is closed."""
        self._path = path
        self._loop = loop
        self._file: JournalFile | None = None
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=f"journal {path.name}", daemon=True)
        self._thread.start()

    def put(self, work: Work) -> asyncio.Future[Any]:
        """Have *work* done; it is, whether anybody waits for it or not."""
        job = _Job(work, self._loop.create_future())
        self._jobs.put(job)
        return job.done

    def stop(self) -> None:
        """End the thread when all is done that was put before."""
        self._jobs.put(None)

    def join(self) -> None:
        """Wait for the thread, which has said that it is ending."""
        self._thread.join()

    def _run(self) -> None:
        more = True
        while more:
            jobs, more = self._taken()
            if jobs:
                outcomes = self._done(jobs)
                self._tell(_wake, jobs, outcomes)
                self._tidy()
        if self._file is not None and self.pruned:
            self._file.compact()
        self._drop()
        self._tell(_end, self.ended)

    def _taken(self) -> tuple[list[_Job], bool]:
        """Wait for a job and take all that are there; and whether more may come."""
        jobs: list[_Job] = []
        job = self._jobs.get()
        while job is not None:
            jobs.append(job)
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return jobs, True
        return jobs, False

    def _done(self, jobs: Sequence[_Job]) -> list[object]:
        try:
            if self._file is None:
                self._file = JournalFile(self._path)
                self.restored = self._file.restored
            outcomes, wrote = transact(self._file.db, [job.work for job in jobs])
        except Exception as error:  # noqa: BLE001 - the thread lives on, and whatever it was, nothing was acknowledged
            self._drop()
            return [explained(self._path, error) for _ in jobs]
        if wrote:
            self._file.wrote()
        return outcomes

    def _tidy(self) -> None:
        try:
            if self._file is not None:
                self._file.tidy()
        except Exception:  # noqa: BLE001 - what was committed is safe in the log
            self._drop()

    def _drop(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _tell(self, function: Any, *args: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(function, *args)
        except RuntimeError:  # the loop is closed: nobody waits any more
            pass


def _wake(jobs: Sequence[_Job], outcomes: Sequence[object]) -> None:
    for job, outcome in zip(jobs, outcomes, strict=True):
        if job.done.done():
            continue  # its caller was cancelled
        if isinstance(outcome, JournalError):
            job.done.set_exception(outcome)
        else:
            job.done.set_result(outcome)


def _end(ended: asyncio.Future[None]) -> None:
    if not ended.done():
        ended.set_result(None)
