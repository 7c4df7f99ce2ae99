"""Several processes with one journal and the same references, stopped and killed: each reference is booked once."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter

import pytest
from attrs import define, evolve, field

from tests.crash import figures
from tests.crash.lane import at_rest
from tests.crash.long import only_long
from tests.crash.processes import Child
from tests.faults.providers import CLIENTS, Client
from tests.journal import booker
from tests.journal.booker import SETTLING, Work
from tests.journal.postgres_server import PostgresServer, until
from wallet_async.sandbox import Fault, FaultPlan, Sandbox

KEYS = int(os.environ.get("PROCESS_KEYS", "200"))  # nox -s crash sets it
PROCESSES = 4
PAUSE = SETTLING.commit_within / 2
"""Seconds that one is stopped at most. It may be stopped between its last look at the time and its first byte, and what
it sends then has to be there within D; longer stops at exactly the place where they hurt are `test_stopped`."""
TIMEOUT = 0.4
"""Seconds of a call: many are over when a process goes on."""
EVERY = 25
"""Receipts from one kill or stop to the next."""
FAULTS = [
    Fault("close", operation="credit", probability=0.05),
    Fault("close", where="before", operation="credit", probability=0.05),
]


@define
class Run:
    """What the processes do and are done to."""

    rng: random.Random
    said: Counter[str] = field(factory=Counter)
    """Receipts, by reference."""
    done_to: Counter[str] = field(factory=Counter)

    async def process(self, work: Work) -> None:
        """Let a process book, stop it and kill it from time to time, and start it again until it ends by itself."""
        code, got = None, set[str]()
        while code != 0:
            work = evolve(work, references=[each for each in work.references if each not in got])
            child, due = await Child.start(booker.main, work), self.rng.randrange(1, EVERY)
            while (heard := await child.said()) is not None:
                assert heard[0] == heard[1], "a receipt is another's"
                self.said[heard[0]] += 1
                got.add(heard[0])
                due -= 1
                if due == 0:
                    due = self.rng.randrange(1, 2 * EVERY)
                    await self._disturb(child)
            code = await child.gone()

    async def _disturb(self, child: Child) -> None:
        if self.rng.random() < 0.3:
            self.done_to["killed"] += 1
            child.signal(signal.SIGKILL)
            return
        self.done_to["stopped"] += 1
        child.signal(signal.SIGSTOP)
        clock = asyncio.get_running_loop().time
        ends = clock() + self.rng.uniform(0, PAUSE)
        await until(lambda: asyncio.sleep(0, clock() >= ends))
        child.signal(signal.SIGCONT)


async def check(client: Client, journal: str | None, seed: int) -> None:
    """Give each reference to two processes at least, and compare with the ledger when all have ended.

    Raises:
        AssertionError: One was booked twice or not at all.
    """
    print(f"seed {seed}")
    run, lists = Run(random.Random(seed)), [list[str]() for _ in range(PROCESSES)]
    references = [f"order-{number}" for number in range(KEYS)]
    for reference in references:
        for to in run.rng.sample(lists, run.rng.randint(2, PROCESSES)):
            to.append(reference)
    async with Sandbox(client.sandbox(), faults=FaultPlan(FAULTS, seed=seed)) as sandbox, asyncio.timeout(1200):
        work = Work(client=client.name, url=sandbox.url, journal=journal, references=[], timeout=TIMEOUT)
        async with asyncio.TaskGroup() as group:
            for mine in lists:
                run.rng.shuffle(mine)
                group.create_task(run.process(evolve(work, references=mine)))
        await at_rest(sandbox)
        booked = Counter(entry.reference for entry in sandbox.ledger.entries())
    doubled = [reference for reference, times in booked.items() if times > 1]
    assert not doubled, f"doubled: {doubled}"
    assert set(booked) == set(references) == set(run.said), "lost"
    figures.tell(
        f"{PROCESSES} processes, one journal in PostgreSQL",
        case=client.name,
        seed=seed,
        references=KEYS,
        given=sum(map(len, lists)),
        **run.done_to,
        lost=0,
        doubled=0,
    )


@only_long
@pytest.mark.timeout(1300)
async def test_each_is_booked_once(postgres: PostgresServer, database: str) -> None:
    """4 processes, each reference given to at least 2 of them."""
    # Sipay's history is searched by reference, so that what is in doubt is found quickly among thousands.
    await check(CLIENTS["loyalty"], postgres.url(database), random.randrange(2**32))


@only_long
async def test_twin_without_a_journal() -> None:
    """The same processes without one pay many of them twice."""
    with pytest.raises(AssertionError, match="doubled"):
        await check(CLIENTS["loyalty"], None, seed=1)
