"""A disk that is full or broken, at every write: nothing leaves unwritten, what is true is said, and work goes on."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
from attrs import frozen

from tests.crash import figures, points, strace
from tests.crash.child import Job
from tests.crash.lane import Lane, at_rest
from tests.crash.long import ALL, EVERY_CASE
from tests.faults.providers import CLIENTS

pytestmark = [pytest.mark.usefixtures("traced"), pytest.mark.timeout(1200)]

ERRORS = {"pwrite64": ("ENOSPC", "EIO"), "fdatasync": ("EIO",), "fsync": ("EIO",), "write": ("ENOSPC",)}


@frozen
class Failure:
    """A system call of the journal's thread that fails, once or from then on."""

    call: str
    nth: int
    error: str
    lasting: bool

    def option(self) -> str:
        """Give it as strace understands it."""
        return f"inject={self.call}:error={self.error}:when={self.nth}{'+' if self.lasting else ''}"


AT_THE_CLAIM = Failure("pwrite64", 1, "ENOSPC", lasting=True)
AT_THE_RECORD = Failure("fdatasync", 2, "EIO", lasting=True)


def asking(lane: Lane, **more: str) -> Job:
    """Make a job that asks, and asks again; its clock seems to jump then, so that its call's own time has to pass."""
    return lane.job("credit", "warm", twice=True, timeout=1.0, **more)


async def check(lane: Lane, job: Job, failure: Failure) -> str:
    """Let a call fail while a child asks, and not when it asks again.

    Returns:
        What became of the first.

    Raises:
        AssertionError: Something was sent that was not written, or said that is not true, or is not booked once.
    """
    child, threads = await points.started(job)
    before = lane.sandbox.observed.requests[job.kind]
    async with strace.attached(threads["journal"], "-o", os.devnull, "-e", failure.option()) as tracing:
        child.go()
        first, events = await child.said(), await child.said()
        sent = lane.sandbox.observed.requests[job.kind] - before
        tracing.terminate()
    child.go()
    second = await child.said()
    assert await child.said() == "closed"
    assert await child.gone() == 0
    await at_rest(lane.sandbox)
    lane.compare(job, second)
    if first == "JournalError":
        assert sent == 0, "it was sent, and the error says that it was not"
        return "not sent"
    assert first == second, f"{first} was said, and then {second}"
    unrecorded = "UnrecordedEvent" in events
    return "sent, unrecorded" if unrecorded else "sent, recorded"


@pytest.mark.parametrize("provider", CLIENTS if EVERY_CASE else ["rehook"])
async def test_every_write(provider: str, tmp_path: Path) -> None:
    """At the claim the call is refused and nothing was sent; at the record its receipt is given, with an event."""
    lane = Lane(CLIENTS[provider], lambda _: f"sqlite:///{tmp_path}/journal.db")
    async with lane.sandbox:
        failures = [AT_THE_CLAIM, AT_THE_RECORD]
        if ALL:
            found = await points.found(lane, lane.job("credit", "warm"), tmp_path / "log")
            failures = [
                Failure(point.call, point.nth, error, lasting)
                for point in found
                for error in ERRORS.get(point.call, ())
                for lasting in (False, True)
            ]
        became = {failure: await check(lane, asking(lane), failure) for failure in failures}
    figures.tell("disk full or broken", case=f"SQLite, {provider}", failures=len(failures), **Counter(became.values()))
    assert became.get(AT_THE_CLAIM) == "not sent"
    assert became.get(AT_THE_RECORD) == "sent, unrecorded"


async def test_twin_taken_for_written(tmp_path: Path) -> None:
    """A claim whose failure is passed over leaves nothing behind, and the next call pays again."""
    lane = Lane(CLIENTS["rehook"], lambda _: f"sqlite:///{tmp_path}/journal.db")
    async with lane.sandbox:
        with pytest.raises(AssertionError, match="booked 2 times"):
            await check(lane, asking(lane, broken="taken for written"), AT_THE_CLAIM)
