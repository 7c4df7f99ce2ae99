"""The process that things happen to: it books one reference through a journal, and stops at a mark to be traced.

It is forked from a process that has imported everything, so that a death costs some milliseconds.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, Literal

import attrs
import cattrs.gen  # noqa: F401 - loaded late otherwise, by every child, as are the next three
from attrs import define, frozen

import wallet_async.engine.fast
import wallet_async.engine.transport.opening
import wallet_async.journal.sqlite  # noqa: F401
from tests.crash import broken, strace
from tests.faults.providers import CLIENTS, Client
from wallet_async.engine.calls import Kind
from wallet_async.engine.errors import WalletError
from wallet_async.engine.events import Event
from wallet_async.journal import Journal, Settling

Mark = Literal["opening", "settling", "cold", "warm"]
Told = tuple[str, str, str | None]

SETTLING = Settling(commit_within=0.05, shown_within=0.01, every=0.01)
"""The sandbox books at once or never, and is waited for before anybody settles."""
LATER = 60 * 1_000_000
"""Microseconds by which the clock of whoever comes after is ahead: what was being sent has had its time by then. The
provider has, too: `lane.at_rest` has seen it. No clock is behind one before it; and all of them together stay within a
day, by which a history is searched further back."""
_NEVER = 10_000.0


@frozen(kw_only=True)
class Job:
    """What a child does."""

    client: str
    kind: Kind
    url: str
    journal: str
    reference: str
    ahead: int
    """Microseconds by which its clock is ahead once it settles."""
    mark: Mark
    """Where it stops: before the journal is opened, before anything in doubt is looked at, before the first connection,
    or with a connection in hand."""
    timeout: float = 30.0
    """Seconds for a call: traced, it takes longer than usual."""
    twice: bool = False
    """Whether it also says what it was told, waits for a word, and asks again until it is definite, later."""
    broken: str | None = None
    """Which part is sabotaged."""


def told(receipt: Any) -> Told:
    """Give what a receipt says that a row can prove: reference, size, and the row's id if it has one."""
    said = attrs.asdict(receipt, recurse=False)
    return said["reference"], str(said.get("points", said.get("amount"))), said.get("transaction_id")


@define
class Clock:
    """The wall clock, or one that is ahead of it."""

    ahead: int = 0

    def __call__(self) -> int:
        """Give microseconds since 1970."""
        return time.time_ns() // 1000 + self.ahead


def main(talk: Connection, job: Job) -> None:
    """Do *job*, and end without a word more."""
    strace.let_anybody_trace()
    if job.broken is not None:
        broken.apply(job.broken)
    with suppress(EOFError, BrokenPipeError):
        asyncio.run(_work(talk, job), debug=False)  # in its debug mode it reads files of source code on the way
    os._exit(0)


async def _work(talk: Connection, job: Job) -> None:
    client, events = CLIENTS[job.client], list[Event]()

    def stop(mark: Mark) -> None:
        if mark == job.mark:
            talk.send({"loop": os.getpid()} | _journal_thread())
            talk.recv()

    stop("opening")
    async with await Journal.open(job.journal, settling=_settling(job)) as journal:
        journal._clock = clock = Clock(job.ahead if job.mark == "settling" else 0)
        stop("settling")
        async with client.session(job.url, journal=journal, on_event=events.append) as session:
            await session._once.resolver.sweep()  # the one of its own is made by then
            stop("cold")
            if job.mark == "warm":
                await client.read(session)
            stop("warm")
            talk.send(await (asked if job.mark == "settling" else _asked_once)(client, session, job))
            if job.twice:
                talk.send([type(event).__name__ for event in events])
                talk.recv()
                clock.ahead = job.ahead
                talk.send(await asked(client, session, job))
    talk.send("closed")


def _settling(job: Job) -> Settling:
    """Look again and again if that is a part of the work; else once, so that every child makes the same calls."""
    return SETTLING if job.twice or job.mark == "settling" else attrs.evolve(SETTLING, every=_NEVER)


async def asked(client: Client, session: Any, job: Job) -> Told:
    """Ask until it is definite."""
    while True:
        said = await _asked_once(client, session, job)
        if not isinstance(said, str):
            return said
        await asyncio.sleep(0.005)


async def _asked_once(client: Client, session: Any, job: Job) -> Told | str:
    """Give the receipt, or the name of the error."""
    try:
        return told(await client.write(session, job.kind, reference=job.reference, timeout=job.timeout))
    except WalletError as error:
        return type(error).__name__


def _journal_thread() -> dict[str, int]:
    threads = {each.name.split()[0]: each.native_id for each in threading.enumerate() if each.native_id}
    return {name: task for name, task in threads.items() if name == "journal"}
