"""`examples/consume_nats.py` against a real NATS server: what no other broker has; for the rest see `test_recipes`."""

from __future__ import annotations

import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.brokers import checks
from tests.brokers.harness import (
    EVENTS,
    Recipe,
    Run,
    booked,
    check_exactly_once,
    compare,
    events,
    long,
    provider,
    until,
)
from tests.brokers.nats_server import Nats, connected, running
from tests.journal.postgres_server import PostgresServer
from wallet_async.sandbox import Fault, FaultPlan

SOON = {"ACK_WAIT": 1.0}
"""What a killed process had in hand comes again after a second."""
ANSWERS_NEVER = Fault("hang", operation="credit", times=1)


@pytest.fixture
def journal(tmp_path: Path) -> str:
    """Give the URL of a journal for this test."""
    return f"sqlite:///{tmp_path}/journal.db"


@long
@pytest.mark.timeout(1800)
async def test_each_is_booked_once_by_two_processes(nats: Nats, postgres: PostgresServer, database: str) -> None:
    """Two processes with one stream and one journal, one of them killed again and again: credits = events."""
    run = Run(processes=2, kill_every=max(EVENTS // 10, 10))
    await check_exactly_once(nats, postgres.url(database), run, constants=SOON)


@long
async def test_journals_of_their_own_book_twice(nats: Nats, tmp_path: Path) -> None:
    """Sabotaged twin: the process that takes a message over has another journal."""
    one, other = (f"sqlite:///{tmp_path}/{name}.db" for name in ("one", "other"))
    with pytest.raises(AssertionError, match="doubled"):
        await checks.check_redelivered(nats, one, ANSWERS_NEVER, second=other, constants=SOON)


def acknowledging_first(recipe: ModuleType) -> None:
    """Sabotage: the acknowledgement before the credit."""
    handle = recipe.handle

    async def eager(consumer: Any, message: Any) -> Any:
        await message.ack_sync()
        return await handle(consumer, message)

    async def nothing(*_: Any) -> None:
        pass

    vars(recipe).update(handle=eager, settle=nothing)


async def check_kept(nats: Nats, journal: str, *, seconds: float, twin: str = "") -> None:
    """Let the provider answer only after *seconds*, or once the message has come again.

    Raises:
        AssertionError: The server has given the message a second time, while it was worked on.
    """
    given = events(1, wallets=1)
    await checks.publish(nats, given)
    hold = checks.Hold()
    async with provider(given, FaultPlan([checks.HELD]), sleep=hold) as sandbox:
        recipe = Recipe(broker=nats, url=sandbox.url, journal=journal, twin=twin, constants={"ACK_WAIT": 1.0})
        async with recipe.running():
            await checks.now(lambda: hold.waiting == 1, "no credit was sent")
            end = time.monotonic() + seconds

            async def over() -> bool:
                return time.monotonic() > end or await nats.redelivered() > 0

            await until(over, "neither the time nor the message came")
            redelivered = await nats.redelivered()
            hold.release()
            await checks.empty(nats)
        compare(given, booked(sandbox))
    assert not redelivered, "it came a second time, side by side"


@long
async def test_slow_work_keeps_its_message(nats: Nats, journal: str) -> None:
    """Work that takes longer than the server waits says so: the message is given to nobody else."""
    await check_kept(nats, journal, seconds=2.0)


@long
async def test_slow_work_that_says_nothing(nats: Nats, journal: str) -> None:
    """Sabotaged twin: the message comes a second time while the first is worked on; the journal makes one credit."""
    with pytest.raises(AssertionError, match="side by side"):
        await check_kept(nats, journal, seconds=30.0, twin=f"{__name__}:saying_nothing")


def saying_nothing(recipe: ModuleType) -> None:
    """Sabotage: no word that work goes on."""

    async def nothing(_message: Any) -> None:
        pass

    vars(recipe)["keep"] = nothing


@long
async def test_a_server_that_is_started_anew(journal: str) -> None:
    """A server that goes and comes back is found again, and what it had confirmed is booked."""
    given = events(2, wallets=1)
    with running() as server:
        async with provider(given) as sandbox:
            async with connected(server, "orders") as nats:
                await checks.publish(nats, given[:1])
            async with Recipe(broker=nats, url=sandbox.url, journal=journal, constants=SOON).running():
                await checks.now(lambda: len(sandbox.ledger) == 1, "the first credit")
                server.kill()
                server.start()
                async with connected(server, "orders") as nats:
                    await checks.publish(nats, given[1:])
                    await checks.empty(nats)
            compare(given, booked(sandbox))
