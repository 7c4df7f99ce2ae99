"""Runs episodes one after another: each has a loop, a clock and a seed of its own."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

from attrs import define, field, frozen

from tests.simulate.loop import ProcessLoop
from tests.simulate.plan import Believed, Sizes
from tests.simulate.world import World, WrongError

USUAL = Sizes()
KEPT = Believed()


@frozen(kw_only=True)
class Outcome:
    """What came of one episode."""

    seed: int
    orders: int
    processes: int
    seconds: float
    """Of virtual time."""
    wrong: tuple[str, ...]
    """What is not as it was claimed; each names its order."""
    doubled: int
    """Orders that were booked more than once, by a middle box or after D."""
    claims: Counter[str]
    met: Counter[str]
    """Faults by row of the matrix."""
    digest: str
    """Of the ledger: the same for the same seed."""


@define
class Total:
    """What came of many."""

    episodes: int = 0
    orders: int = 0
    processes: int = 0
    seconds: float = 0.0
    doubled: int = 0
    wrong: list[str] = field(factory=list)
    claims: Counter[str] = field(factory=Counter)
    met: Counter[str] = field(factory=Counter)

    def add(self, outcome: Outcome) -> None:
        self.episodes += 1
        self.orders += outcome.orders
        self.processes += outcome.processes
        self.seconds += outcome.seconds
        self.doubled += outcome.doubled
        self.wrong += [f"seed {outcome.seed}: {each}" for each in outcome.wrong]
        self.claims += outcome.claims
        self.met += outcome.met


def many(orders: int, seed: int, sizes: Sizes = USUAL, believed: Believed = KEPT) -> Iterator[Outcome]:
    """Run episodes with the seeds from *seed* on until there were so many orders."""
    for number in range(-(-orders // sizes.orders)):
        yield episode(seed + number, sizes, believed)


def episode(seed: int, sizes: Sizes = USUAL, believed: Believed = KEPT) -> Outcome:
    """Run one episode."""
    with _nothing_by_chance(), _heard() as errors, asyncio.Runner(loop_factory=ProcessLoop, debug=False) as runner:
        world, seconds = runner.run(_run(seed, sizes, believed))
    entries = world.provider.api.ledger.entries()
    text = repr([(entry.transaction_id, entry.created_at, entry.amount) for entry in entries])
    return Outcome(
        seed=seed,
        orders=sizes.orders,
        processes=world.lives,
        seconds=seconds,
        wrong=(*world.judge.wrong, *errors, *map(repr, world.network.broken)),
        doubled=sum(len(rows) > 1 for rows in world.provider.booked.values()),
        claims=world.judge.claims,
        met=world.plan.met,
        digest=sha256(text.encode()).hexdigest(),
    )


async def _run(seed: int, sizes: Sizes, believed: Believed) -> tuple[World, float]:
    world = World(seed, sizes, believed)
    try:
        await world.run()
    except WrongError:
        pass
    except TimeoutError:
        waiting = [progress.order.reference for progress in world.orders if progress.waiting]
        left = [f"{entry.reference} {entry.state}" for entry in await world.left()]
        world.judge.wrong.append(f"not ended in time: asked for {waiting[:5]}, in the journal {left[:5]}")
    return world, asyncio.get_running_loop().time()


@contextmanager
def _nothing_by_chance() -> Iterator[None]:
    """Collect no garbage meanwhile: what that ends would end at another step in each run."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def _heard() -> Iterator[list[str]]:
    """Take down what the library logs as an error; warnings, of which there are very many, are not even made."""
    errors: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            errors.append(f"{record.getMessage()}: {record.exc_info and record.exc_info[1]!r}")

    logger, handler, before = logging.getLogger("wallet_async"), Handler(logging.ERROR), logging.root.manager.disable
    logger.addHandler(handler)
    logger.propagate = False
    logging.disable(logging.WARNING)
    try:
        yield errors
    finally:
        logging.disable(before)
        logger.removeHandler(handler)
        logger.propagate = True
