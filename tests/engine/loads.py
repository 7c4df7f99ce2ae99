"""Providers that shed or queue what is too much, callers that want all they can get, and what came of it."""

from __future__ import annotations

import asyncio
from random import Random

from attrs import frozen

from wallet_async.engine.limits import Gate


@frozen
class Seen:
    """One request, as the provider saw it."""

    at: float
    taken: bool


class Provider:
    """Answers in about *latency* seconds; what comes faster than *rate* a second has to wait in its queue."""

    retry_after: float | None = None

    def __init__(self, rate: float, latency: float, seed: int) -> None:
        self.rate = rate
        self.latency = latency
        self.log: list[Seen] = []
        self._random = Random(seed)
        self._free_at = 0.0

    async def ask(self) -> bool:
        """Answer one request; False for 429."""
        now = asyncio.get_running_loop().time()
        self._free_at = max(self._free_at, now) + 1 / self.rate
        self.log.append(Seen(now, True))
        await asyncio.sleep(self._free_at - now + self._jittered())
        return True

    def _jittered(self) -> float:
        return self.latency * self._random.uniform(0.75, 1.5)

    def share(self, begin: float, end: float) -> tuple[float, float]:
        """Give what was taken as a share of what could be, and what was refused as a share of what was asked."""
        asked = [seen.taken for seen in self.log if begin <= seen.at < end]
        return sum(asked) / (self.rate * (end - begin)), 1 - sum(asked) / len(asked)


class Shedding(Provider):
    """Refuses what comes faster, by a token bucket; a refusal takes less time than an answer."""

    def __init__(self, rate: float, latency: float, seed: int, *, burst: float, retry_after: float | None) -> None:
        super().__init__(rate, latency, seed)
        self.retry_after = retry_after
        self._burst = max(3.0, rate * burst)
        self._tokens = self._burst
        self._filled_at = 0.0

    async def ask(self) -> bool:
        now = asyncio.get_running_loop().time()
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self.rate)
        self._filled_at = now
        taken = self._tokens >= 1
        self._tokens -= taken
        self.log.append(Seen(now, taken))
        await asyncio.sleep(self._jittered() if taken else self.latency * 0.3)
        return taken


async def keep_busy(
    provider: Provider, gate: Gate, seconds: float, *, callers: int, rates: dict[float, float] | None = None
) -> list[tuple[float, float]]:
    """Let *callers* ask for all they can get; *rates* are the provider's from a moment on. Give the bounds seen."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    bounds: list[tuple[float, float]] = []

    async def call() -> None:
        while loop.time() < end:
            await gate.acquire()
            begun = loop.time()
            taken = await provider.ask()
            gate.learn(begun, refused=not taken)
            gate.release()
            if not taken and provider.retry_after is not None:
                gate.pause(provider.retry_after)
                await asyncio.sleep(provider.retry_after)

    async def watch() -> None:
        while loop.time() < end:
            bounds.append((loop.time(), gate.bound))
            await asyncio.sleep(0.2)

    async def change() -> None:
        for moment, rate in (rates or {}).items():
            await asyncio.sleep(moment - loop.time())
            provider.rate = rate

    await asyncio.gather(watch(), change(), *(call() for _ in range(callers)))
    return bounds
