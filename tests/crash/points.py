"""Every system call of a child's work, and its death at one of them."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path

from attrs import frozen

from tests.crash import child, strace
from tests.crash.child import Job
from tests.crash.lane import Lane
from tests.crash.processes import Child

_CALL = re.compile(r"(\d+) +(\w+)\(")
_OF_ITS_OWN = {"brk", "futex", "exit", "exit_group", "getpid", "gettid", "madvise", "mmap", "mprotect", "munmap"} | {
    "rt_sigaction",
    "rt_sigprocmask",
}
"""Calls that concern nothing but the process itself: a death before one is a death before the next."""


@frozen
class Point:
    """The moment before a thread's n-th system call of one kind; every one follows upon the effect of another."""

    thread: str
    call: str
    nth: int

    def __str__(self) -> str:
        return f"{self.thread} {self.call} {self.nth}"


async def found(lane: Lane, job: Job, log: Path) -> list[Point]:
    """Let a child do its work undisturbed, and give every point on its way."""
    process, threads = await started(job)
    names = {task: name for name, task in threads.items()}
    async with strace.attached(threads["loop"], "-f", "-o", str(log)):
        process.go()
        while await process.said() != "closed":
            pass
        await process.gone()
    await lane.check(job, None)
    return _points(log.read_text(), names)  # noqa: ASYNC240 - a file of a few pages


def _points(log: str, names: Mapping[int, str]) -> list[Point]:
    calls = Counter((names.get(int(task), "any"), call) for task, call in _CALL.findall(log) if call not in _OF_ITS_OWN)
    return [Point(thread, call, nth) for (thread, call), times in calls.items() for nth in range(1, times + 1)]


async def started(job: Job) -> tuple[Child, dict[str, int]]:
    """Start a child that waits at its mark; give it, and the ids of its threads."""
    process = await Child.start(child.main, job)
    return process, await process.said()


async def died(lane: Lane, job: Job, point: Point) -> str | None:
    """Kill a child at *point*, start again and check; give what it left, or None if it did not come there this time."""
    process, threads = await started(job)
    # A thread that is not there yet is found by following all of them; its calls are counted apart from the others'.
    thread, follow = (threads["loop"], ["-f"])
    if point.thread in threads:
        thread, follow = threads[point.thread], []
    kill = f"inject={point.call}:signal=SIGKILL:when={point.nth}"
    said = None
    async with strace.attached(thread, *follow, "-o", os.devnull, "-e", kill):
        process.go()
        while (heard := await process.said()) not in (None, "closed"):
            said = heard if isinstance(heard, tuple) else said
        code = await process.gone()
    left = await lane.check(job, said)
    return left if code == -signal.SIGKILL else None


async def swept(lanes: Sequence[Lane], points: Iterable[Point], job: Callable[[Lane], Awaitable[Job]]) -> Counter[str]:
    """Kill a child at each of *points*, in all lanes side by side; count what was left.

    Args:
        lanes: Where.
        points: When.
        job: Makes a job and brings about what it begins with.

    Raises:
        AssertionError: See `Lane.check`; it names the point.
    """
    left, every = Counter[str](), iter(points)

    async def work(lane: Lane) -> None:
        for point in every:
            try:
                left[await died(lane, await job(lane), point) or "not reached"] += 1
            except AssertionError as error:
                error.add_note(f"killed before {point}")
                raise

    async with asyncio.TaskGroup() as group:
        for lane in lanes:
            group.create_task(work(lane))
    return left
