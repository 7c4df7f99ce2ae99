"""A process that books through a journal, killed again and again: every reference is booked once, and none is lost."""

from __future__ import annotations

import os
import random
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from tests.crash import figures
from tests.crash.lane import at_rest
from tests.crash.processes import Child
from tests.faults.providers import CLIENTS, Client
from tests.journal import booker
from tests.journal.booker import SETTLING, TIMEOUT, Work
from tests.journal.postgres_server import PostgresServer, installed
from wallet_async.sandbox import Fault, FaultPlan, Sandbox

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system knows no kill -9")

KILLS = int(os.environ.get("BOOKER_KILLS", "2"))  # a long run sets it, and goes over both providers on each journal
LONG = "BOOKER_KILLS" in os.environ
BATCH = 25
"""Kills with one journal."""
OPEN = 40
"""References that are asked for at once, so that every kill meets work under way."""
FAULTS = [
    Fault("close", operation="credit", probability=0.1),
    Fault("close", where="before", operation="credit", probability=0.1),
    Fault("status", operation="transactions", status=503, probability=0.05),
]


class Truth:
    """What the ledger has booked, reference by reference, told apart as it comes."""

    def __init__(self, client: Client, sandbox: Sandbox[Any]) -> None:
        self.times: Counter[str] = Counter()
        self._client, self._sandbox, self._seen = client, sandbox, 0

    def read(self, references: list[str]) -> None:
        """Count what was booked since the last time; only *references* were asked for.

        Raises:
            AssertionError: Something was booked twice, or was not asked for.
        """
        new = self._sandbox.ledger.entries()[self._seen :]
        self._seen += len(new)
        for row in new:
            of = [reference for reference in references if self._client.is_ours(row, reference)]
            assert len(of) == 1, f"a row of {of or 'none of those that were asked for'}"
            self.times[of[0]] += 1
        doubled = [reference for reference, times in self.times.items() if times > 1]
        assert not doubled, f"doubled: {doubled}"


async def run(work: Work, *, receipts: int | None) -> list[str]:
    """Let a process book, and kill it after so many receipts; None lets it end. Gives the references of receipts."""
    child, said = await Child.start(booker.main, work), list[str]()
    while (heard := await child.said()) is not None:
        assert heard[0] == heard[1], "a receipt is another's"
        said.append(heard[0])
        if len(said) == receipts:
            child.signal(signal.SIGKILL)
    code = await child.gone()
    assert code == 0 or receipts is not None
    return said


async def left(work: Work, truth: Truth) -> Counter[str]:
    """Say in which states a kill left the references.

    Raises:
        AssertionError: One is booked, and the journal does not know that it was sent.
    """
    states = Counter[str]()
    async with await booker.opened(work) as journal:
        for reference in work.references:
            entry = await journal.entry(work.client, reference)
            state, booked = entry.state if entry else "nothing", reference in truth.times
            assert not booked or state not in {"nothing", "prepared"}, f"{reference} is booked, and {state} is written"
            states[f"{state}, {'booked' if booked else 'not booked'}"] += 1
    return states


async def check(client: Client, journal: str | None, *, kills: int, seed: int) -> Counter[str]:
    """Kill a booker *kills* times, let another finish, and compare with the ledger.

    Returns:
        How many references there were, and in which states the kills left them.

    Raises:
        AssertionError: A reference was booked twice or not at all, or a receipt was another's.
    """
    print(f"seed {seed}, {kills} kills")
    rng, seen, asked, done = random.Random(seed), Counter[str](), 0, list[str]()
    async with Sandbox(client.sandbox(), faults=FaultPlan(FAULTS, seed=seed)) as sandbox:
        truth = Truth(client, sandbox)
        work = Work(client=client.name, url=sandbox.url, journal=journal, references=[])
        for kill in range(kills + 1):
            new = [f"order-{number}" for number in range(asked, asked + OPEN - len(work.references))]
            asked += len(new)
            work = evolve(work, references=work.references + new, ahead=kill * (TIMEOUT + SETTLING.wait))
            if kill == kills:
                sandbox.faults.clear()
            said = await run(work, receipts=rng.randrange(1, OPEN // 2) if kill < kills else None)
            await at_rest(sandbox)
            truth.read(work.references)
            if journal is not None and kill < kills:
                seen += await left(work, truth)
            done += said
            work = evolve(work, references=[each for each in work.references if each not in set(said)])
        assert not work.references
        assert truth.times == dict.fromkeys(done, 1), "lost"
        again = await run(evolve(work, references=done), receipts=None)
        assert (sorted(again), len(sandbox.ledger.entries())) == (sorted(done), asked)
    return Counter(references=asked) + seen


async def check_all(client: Client, dialect: str, journal: Callable[[int], Awaitable[str]]) -> None:
    """Kill as often as a run wants; a few times each, since every look at a history reads all that came before."""
    seed, seen = random.randrange(2**32), Counter[str]()
    for number, begun in enumerate(range(0, KILLS, BATCH)):
        kills = min(BATCH, KILLS - begun)
        seen += await check(client, await journal(number), kills=kills, seed=seed + number)
    case = f"{dialect}, {client.name}"
    figures.tell("kill -9 at random, 20 in flight", case=case, seed=seed, kills=KILLS, **seen, lost=0, doubled=0)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("provider", CLIENTS if LONG else ["rehook"])
async def test_each_is_booked_once(provider: str, tmp_path: Path) -> None:
    """A journal in a file, one process at a time."""

    async def journal(number: int) -> str:
        return f"sqlite:///{tmp_path}/{number}.db"

    await check_all(CLIENTS[provider], "SQLite", journal)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("provider", CLIENTS if LONG else ["loyalty"])
async def test_each_is_booked_once_by_a_server(provider: str, postgres: PostgresServer) -> None:
    """The same on PostgreSQL."""

    async def journal(number: int) -> str:
        return postgres.url(await installed(postgres))

    await check_all(CLIENTS[provider], "PostgreSQL", journal)


async def test_twin_without_a_journal_some_are_doubled() -> None:
    """The same process without one, asking again until there is a receipt, pays twice."""
    with pytest.raises(AssertionError, match="doubled"):
        await check(CLIENTS["rehook"], None, kills=1, seed=1)
