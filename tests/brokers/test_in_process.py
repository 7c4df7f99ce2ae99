"""Kafka's and Redis's recipes for a moment in this process: the share of `test_recipes` that every run can afford."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from types import ModuleType

import pytest

from tests.brokers import checks, test_kafka, test_redis, twins
from tests.brokers.child import load
from tests.brokers.harness import POISON, Broker, booked, compare, events, provider
from wallet_async.consume import Consumer

SOON = {"kafka": test_kafka.SOON, "redis": test_redis.SOON}


@pytest.fixture(params=SOON)
def broker(request: pytest.FixtureRequest) -> Broker:
    """Give one broker after the other."""
    return request.getfixturevalue(request.param)


async def check_booked_once(broker: Broker, journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Send some orders twice and some poison, and SIGTERM once nothing is left.

    Raises:
        AssertionError: An order was booked twice or not at all, or poison is not among the dead letters.
    """
    given = events(10, wallets=3)
    await checks.publish(broker, given + given[::3])
    for body in POISON:
        await broker.publish(body, key="poison")
    async with provider(given) as sandbox:
        for name, value in {
            **broker.environ,
            "REHOOK_API_KEY": "canary-api-key",
            "REHOOK_SECRET_KEY": "canary-secret-key",
            "REHOOK_BASE_URL": sandbox.url,
            "WALLET_ASYNC_JOURNAL": f"sqlite:///{journal}",
        }.items():
            monkeypatch.setenv(name, value)
        recipe = load(f"examples/consume_{broker.name}.py", SOON[broker.name], 10.0)
        async with asyncio.TaskGroup() as group:
            group.create_task(recipe.main())
            await checks.empty(broker)
            os.kill(os.getpid(), signal.SIGTERM)
        compare(given, booked(sandbox))
    assert sorted(await broker.dead()) == sorted(POISON)


async def test_each_is_booked_once(broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Orders that come twice are credited once, poison is put aside, and a signal ends it cleanly."""
    await check_booked_once(broker, tmp_path / "journal.db", monkeypatch)


async def test_deliveries_as_events_double(broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sabotaged twin: an event that is named by its delivery."""
    monkeypatch.setattr(Consumer, "handle", Consumer.handle)  # what the twin changes is put back
    twins.doubling(ModuleType("any recipe"))
    with pytest.raises(AssertionError, match="doubled"):
        await check_booked_once(broker, tmp_path / "journal.db", monkeypatch)
