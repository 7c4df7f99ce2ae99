"""A recipe of `examples/` as a process, which is started, stopped and killed; knows no broker."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

from attrs import field, frozen

ROOT = Path(__file__).parents[2]
PATIENCE = 300.0
"""Seconds after which a recipe that has not done something is called stuck."""


class Broker(Protocol):
    """One broker with streams or queues that nothing else uses."""

    name: str
    """The recipe is `examples/consume_{name}.py`."""

    @property
    def environ(self) -> Mapping[str, str]:
        """The variables by which the recipe finds it."""

    async def publish(self, body: bytes, *, key: str) -> None:
        """Send a message, durably, under a message id that was never used; *key* names its wallet."""

    async def left(self) -> int:
        """Count the messages that are not acknowledged, delivered or not, also those given back for later."""

    async def dead(self) -> list[bytes]:
        """Give the bodies in the dead letter stream; each must have a reason."""


async def until(condition: Callable[[], Awaitable[object]], what: str) -> None:
    """Wait until *condition* gives something true.

    Raises:
        AssertionError: It did not within `PATIENCE`.
    """
    end = time.monotonic() + PATIENCE
    while not await condition():
        assert time.monotonic() < end, f"stuck: {what}"
        await asyncio.sleep(0.01)


@frozen
class Running:
    """A recipe at work."""

    process: asyncio.subprocess.Process

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self.process.returncode is None

    async def kill(self) -> None:
        """End it at once."""
        if self.alive:
            os.kill(self.process.pid, signal.SIGKILL)
        await self.process.wait()

    async def stop(self) -> None:
        """Ask it to end, once it listens: it finishes what it began.

        Raises:
            AssertionError: It ended by an error.
        """
        assert self.process.stdout is not None
        assert await self.process.stdout.readline() == b"ready\n", "it ended by itself"
        os.kill(self.process.pid, signal.SIGTERM)
        assert await self.process.wait() == 0, "it did not stop cleanly"


@frozen(kw_only=True)
class Recipe:
    """How a recipe is run."""

    broker: Broker
    url: str
    """The provider."""
    journal: str
    lost: float = 0.0
    """Share of the events whose first acknowledgement is lost."""
    seed: int = 0
    twin: str = ""
    """How it is broken: a function as ``module:name`` that is given the recipe."""
    total: float = 10.0
    """Seconds for each call (`Timeouts.total`). What a killed process was sending counts as lost only after them."""
    constants: Mapping[str, Any] = field(factory=dict)
    """What stands otherwise in its head, such as ``PREFETCH``."""

    async def start(self) -> Running:
        """Start it; it is at work some time later."""
        options = {
            "constants": dict(self.constants),
            "lost": self.lost,
            "seed": self.seed,
            "twin": self.twin,
            "total": self.total,
        }
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-X", "dev", "-W", "error", "-m", "tests.brokers.child"),
            *(f"examples/consume_{self.broker.name}.py", json.dumps(options)),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
            env={
                **os.environ,
                **self.broker.environ,
                "REHOOK_API_KEY": "canary-api-key",
                "REHOOK_SECRET_KEY": "canary-secret-key",
                "REHOOK_BASE_URL": self.url,
                "WALLET_ASYNC_JOURNAL": self.journal,
            },
        )
        return Running(process)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Running]:
        """Run it for a while; it is stopped, unless it was killed."""
        running = await self.start()
        try:
            yield running
            if running.alive:
                await running.stop()
        finally:
            await running.kill()
