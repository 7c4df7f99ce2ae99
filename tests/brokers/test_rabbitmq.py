"""`examples/consume_rabbitmq.py` against a real RabbitMQ: what no other broker has; for the rest see `test_recipes`."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from rehook_async import Timeouts
from tests.brokers import checks
from tests.brokers.child import load
from tests.brokers.harness import POISON, Recipe, events, provider, until
from tests.brokers.rabbitmq_server import DELAYS, INSTALL, Rabbit

SOON = {"DELAYS": DELAYS}
"""What is given back comes again soon."""


@pytest.fixture
def journal(tmp_path: Path) -> str:
    """Give the URL of a journal for this test."""
    return f"sqlite:///{tmp_path}/journal.db"


def acknowledging_first(recipe: ModuleType) -> None:
    """Sabotage: the acknowledgement before the credit."""
    handle = recipe.handle

    async def eager(consumer: Any, message: Any) -> Any:
        await message.ack()
        return await handle(consumer, message)

    async def nothing(*_: Any) -> None:
        pass

    vars(recipe).update(handle=eager, settle=nothing)


async def test_a_lost_connection_ends_it(rabbitmq: Rabbit, journal: str) -> None:
    """A connection that the broker closes ends the recipe with an error: it does not sit there and hear nothing."""
    given = events(1, wallets=1)
    async with provider(given) as sandbox:
        recipe = Recipe(broker=rabbitmq, url=sandbox.url, journal=journal, constants=SOON)
        async with recipe.running() as running:
            await checks.publish(rabbitmq, given)
            await checks.empty(rabbitmq)
            await rabbitmq.server.control("close_all_connections", "for a test")
            assert await running.process.wait() == 1


async def check_no_queue(rabbitmq: Rabbit, journal: str, *, twin: str = "") -> None:
    """Take the dead letters' queue away while the recipe works, and give it poison.

    Raises:
        AssertionError: The poison is gone.
    """
    given = events(1, wallets=1)
    await checks.publish(rabbitmq, given)
    async with provider(given) as sandbox:
        recipe = Recipe(broker=rabbitmq, url=sandbox.url, journal=journal, constants=SOON, twin=twin)
        async with recipe.running() as running:
            await checks.empty(rabbitmq)
            await rabbitmq.channel.queue_delete(f"{rabbitmq.queue}.dead")
            await rabbitmq.publish(POISON[0], key="poison")

            async def over() -> bool:
                return not running.alive or await rabbitmq.left() == 0

            await until(over, "the recipe has seen the poison")
        async with recipe.running():
            await checks.empty(rabbitmq)
    assert await rabbitmq.dead() == [POISON[0]], "the poison is gone"


async def test_a_dead_letter_that_finds_no_queue_stays(rabbitmq: Rabbit, journal: str) -> None:
    """What cannot be moved ends the recipe with an error, and is moved by the next one."""
    await check_no_queue(rabbitmq, journal)


async def test_a_dead_letter_that_finds_no_queue_is_gone(rabbitmq: Rabbit, journal: str) -> None:
    """Sabotaged twin: a channel as aio-pika makes it by itself, which does not mind."""
    with pytest.raises(AssertionError, match="gone"):
        await check_no_queue(rabbitmq, journal, twin=f"{__name__}:not_minding")


def not_minding(recipe: ModuleType) -> None:
    """Sabotage: what comes back from the broker is no error."""
    channel = recipe.aio_pika.Connection.channel
    recipe.aio_pika.Connection.channel = lambda self, **_: channel(self)


async def test_what_the_broker_gives_up_is_among_the_dead(rabbitmq: Rabbit) -> None:
    """A broker that bounds how often it delivers, as newer ones do, moves the message: it is not gone."""
    [given] = events(1, wallets=1)
    await rabbitmq.server.control("set_policy", rabbitmq.queue, f"^{rabbitmq.queue}$", '{"delivery-limit": 1}')
    await checks.publish(rabbitmq, [given])
    queue = await rabbitmq.channel.get_queue(rabbitmq.queue)

    async def given_back() -> bool:
        message = await queue.get(fail=False)
        if message is not None:
            await message.reject(requeue=True)
        return message is not None

    async def dead() -> bool:
        return await rabbitmq.dead() == [given.body]

    for _ in range(2):
        await until(given_back, "a delivery")
    await until(dead, "the dead letter")


def test_whatever_is_prefetched_ends_in_time() -> None:
    """All that a process has may be of one wallet: even then the last ends within half of RabbitMQ's 30 minutes."""
    pytest.importorskip("aio_pika", reason=INSTALL)
    recipe = load("examples/consume_rabbitmq.py", {}, Timeouts().total)
    assert recipe.PREFETCH * Timeouts().total < 30 * 60 / 2
