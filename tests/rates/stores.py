"""Stores whose way of taking a cell is broken."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

from wallet_async.rates.postgres import PostgresStore
from wallet_async.rates.redis import RedisStore


class LookingRedis(RedisStore):
    """Sabotaged: looks, and writes after that."""

    async def take(self, spacing: int) -> float:
        free = float(await self._client.get(self._key) or 0)
        now = time.time() * 1_000_000
        cell = max(now, free)
        await self._client.set(self._key, cell + spacing, px=60_000)
        return (cell - now) / 1_000_000


class LookingPostgres(PostgresStore):
    """Sabotaged: the same."""

    async def take(self, spacing: int) -> float:
        step = timedelta(microseconds=spacing)
        ahead: float | None = await self._pool.fetchval(
            "SELECT extract(epoch FROM greatest(free_at - now(), interval '0'))::float8 "
            "FROM wallet_async.rates WHERE name = $1",
            self._name,
        )
        await asyncio.sleep(0)
        await self._pool.execute(
            "INSERT INTO wallet_async.rates VALUES ($1, now() + $2) "
            "ON CONFLICT (name) DO UPDATE SET free_at = now() + $2",
            self._name,
            step + timedelta(seconds=ahead or 0),
        )
        return ahead or 0.0
