"""A rate in Redis: one script, which Redis runs alone, by its own clock."""

from __future__ import annotations

from typing import Any, Self

from wallet_async.engine.errors import ConnectError, InvalidInputError
from wallet_async.rates.store import PATIENCE, away

try:
    import redis.asyncio as _redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff
    from redis.exceptions import RedisError, ResponseError
    from redis.exceptions import TimeoutError as RedisTimeoutError
except ImportError:
    raise InvalidInputError("a shared rate in Redis needs its client: pip install 'wallet-async[redis]'") from None

_TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local cell = math.max(now, tonumber(redis.call('GET', KEYS[1]) or 0))
local free = cell + ARGV[1]
-- A moment that is past says nothing: the key may go then.
redis.call('SET', KEYS[1], string.format('%.0f', free), 'PX', math.ceil((free - now) / 1000))
return cell - now
"""
"""Takes a cell; times are microseconds since 1970, which Lua's numbers hold exactly."""

_FAULTS = (RedisError, OSError, ValueError)


class RedisStore:
    """Keeps the rate under the key ``wallet-async:rate:NAME``, which goes by itself when nobody uses it."""

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._key = f"wallet-async:rate:{name}"
        self._script = client.register_script(_TAKE)

    @classmethod
    async def open(cls, url: str, name: str) -> Self:
        """Open the store, and see that it answers.

        Raises:
            ConnectError: It does not.
            InvalidInputError: The URL cannot be read.
        """
        try:
            client = _redis.Redis.from_url(
                url,
                socket_connect_timeout=PATIENCE,
                socket_timeout=PATIENCE,
                retry=Retry(NoBackoff(), 0),  # the session decides what is tried again
            )
        except ValueError:
            client = None
        if client is None:
            raise InvalidInputError("the URL of Redis cannot be read: is each special character of it %-encoded?")
        try:
            await client.ping()
            return cls(client, name)
        except _FAULTS as error:
            fault = _fault(error)
        await client.aclose()
        raise fault

    async def take(self, spacing: int) -> float:
        """Take the next free cell; see `Store`."""
        try:
            ahead: int = await self._script(keys=[self._key], args=[spacing])
            return ahead / 1_000_000
        except _FAULTS as error:
            fault = _fault(error)
        raise fault

    async def aclose(self) -> None:
        """Close the connection."""
        await self._client.aclose()


def _fault(error: Exception) -> ConnectError:
    """Say what is wrong in words of our own: Redis may repeat a password that it does not understand."""
    if isinstance(error, RedisTimeoutError):
        return away("Redis did not answer in time")
    if isinstance(error, ResponseError):
        return away(f"Redis refuses it ({type(error).__name__})")
    return away(f"Redis cannot be reached ({type(error).__name__})")
