"""A clock that does not sit silence out: where only a timer is left to happen, its time comes at once."""

from __future__ import annotations

import asyncio
import math
from typing import Any

SILENCE = 0.02  # seconds without an event after which no byte is under way between two ends of one process
NEAR = 1.0  # seconds; a timer further off is a guard against hanging, which nobody means to see go off


def skip_silence(loop: Any) -> None:
    """Move the clock of *loop* on to the next timer, if it is near, once nothing has come for `SILENCE`.

    For a test whose connections have both ends on this loop. What is computed takes its real time, and so does work in
    threads: only waiting for nothing is cut short, and whoever sets no timer still waits.
    """
    ahead, threads = 0.0, set[asyncio.Future[Any]]()
    time, select, run_in_executor = loop.time, loop._selector.select, loop.run_in_executor

    def run(*arguments: Any) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = run_in_executor(*arguments)
        threads.add(future)
        future.add_done_callback(threads.discard)
        return future

    def skip(timeout: float | None = None) -> Any:
        nonlocal ahead
        if threads or not SILENCE < (math.inf if timeout is None else timeout) < NEAR:
            return select(timeout)
        begun = time()
        ready = select(SILENCE)
        if not ready:
            ahead += max(0.0, timeout - (time() - begun))
        return ready

    loop.time = lambda: time() + ahead
    loop._selector.select = skip
    loop.run_in_executor = run
