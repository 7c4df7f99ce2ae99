"""How far a bulk run is, told once a second and at its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sized

from attrs import frozen

from wallet_async.engine import checks
from wallet_async.engine.report import Reporter

_EVERY = 1.0
"""Seconds between two calls of `on_progress`."""


@frozen(kw_only=True)
class Progress:
    """How far a bulk run is."""

    done: int
    """Items that succeeded."""
    failed: int
    """Items that failed."""
    under_way: int
    """Items begun and not ended, those that wait for a slot or for the reader of the results included."""
    elapsed: float
    """Seconds since the run began."""


OnProgress = Callable[[Progress], object]


class Meter:
    """Counts for one run, and tells its `on_progress`; what that raises is logged and changes nothing."""

    def __init__(self, on_progress: OnProgress | None, reporter: Reporter, *, under_way: Sized) -> None:
        if on_progress is not None and not callable(on_progress):
            raise checks.reject("on_progress", on_progress, "a function of one Progress")
        self._on_progress = on_progress
        self._reporter = reporter
        self._under_way = under_way
        self._begun = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self.done = 0
        self.failed = 0

    def start(self) -> None:
        """Begin to count the time, and to tell."""
        if self._on_progress is not None:
            loop = asyncio.get_running_loop()
            self._begun = loop.time()
            self._timer = loop.call_later(_EVERY, self._tick)

    def stop(self) -> None:
        """Tell the last time, if the run was started and not stopped before."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._tell()

    def _tick(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(_EVERY, self._tick)
        self._tell()

    def _tell(self) -> None:
        if self._on_progress is not None:
            elapsed = asyncio.get_running_loop().time() - self._begun
            now = Progress(done=self.done, failed=self.failed, under_way=len(self._under_way), elapsed=elapsed)
            self._reporter.tell(self._on_progress, now, "on_progress raised; the run goes on")
