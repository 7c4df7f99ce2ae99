"""`SharedRate`: waits for a cell of a rate that others take cells of too."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from wallet_async.engine import checks
from wallet_async.engine.errors import ConnectError
from wallet_async.rates.gcra import LATE, Cell, spacing
from wallet_async.rates.store import Store

_EXPECTED = "a str such as 'redis://host:6379/0' or 'postgresql://user@host/database'"
_TRIES = 20
"""Cells that a request may miss one after the other."""


class SharedRate:
    """Holds all sessions that share it, in any process and on any machine, to one rate.

    Each asks the store for a cell before each request. In no second do more requests leave than ``per_second``, evenly
    spaced; what is not used is not saved up. A request that a slow store or a stalled process has made late takes
    another cell, so that requests never pile up. Where the store cannot be asked, nothing is sent.

    Only the store's clock counts, and it must not be set while requests wait: put forward, or where the store has lost
    what it kept, those that wait and those that come leave beside each other; put back, all wait until then.

    Example:
        ```python
        async with (
            await SharedRate.open("redis://redis:6379/0", name="rehook", per_second=200) as rate,
            RehookSession(api_key, secret_key, limits=Limits(pace=rate)) as rehook,
        ):
            await rehook.credit("krishna123", "waty_Xbg", 20)
        ```
    """

    def __init__(
        self,
        store: Store,
        per_second: float,
        *,
        clock: Callable[[], float] = time.monotonic,  # the loop's may stand still within one turn of it (uvloop's does)
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._spacing = spacing(per_second)
        self._clock = clock
        self._sleep = sleep
        self._asking = asyncio.Lock()

    @classmethod
    async def open(cls, url: str, *, name: str, per_second: float) -> Self:
        """Open the rate that *name* stands for in a store.

        Args:
            url: ``redis://`` or ``rediss://`` (extra ``[redis]``), or ``postgresql://`` (extra ``[postgres]``): what
                it needs there is made.
            name: Who opens the same name in the same store shares the rate.
            per_second: Requests in any second at most, of all together; the same for all who share it.

        Raises:
            InvalidInputError: An argument does not fit, or the extra is missing.
            ConnectError: The store cannot be asked.
        """
        checks.plain("name", name)
        spacing(per_second)  # checked before anything is opened
        return cls(await _open(url, name), per_second)

    async def wait(self) -> None:
        """Wait until one request may leave: now, when this returns.

        Raises:
            ConnectError: The store cannot be asked, or each of many cells was missed; nothing was sent.
        """
        for _ in range(_TRIES):
            cell = await self._take()
            while (left := cell.opens - self._clock()) > 0:  # a timer may be early
                await self._sleep(left)
            if self._clock() <= cell.closes:
                return
        raise ConnectError(
            f"{_TRIES} turns of the shared rate were missed, each by more than {LATE * 1000:.0f} ms: its store answers "
            "too slowly, or this process stalls; nothing was sent"
        )

    async def _take(self) -> Cell:
        # One asks at a time: the time in which an answer comes must not grow with those who wait for theirs.
        async with self._asking:
            asked = self._clock()
            ahead = await self._store.take(self._spacing)
            return Cell(asked, self._clock(), ahead)

    async def aclose(self) -> None:
        """Close the connection to the store; sessions that use the rate are closed before."""
        await self._store.aclose()

    async def __aenter__(self) -> Self:
        """Give the rate."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        await self.aclose()


async def _open(url: object, name: str) -> Store:
    """Open the store that *url* names. Its value is not repeated: it may hold a password."""
    if not isinstance(url, str):
        raise checks.reject("url", type(url), _EXPECTED)
    scheme = url.partition(":")[0]
    if scheme in {"redis", "rediss"}:
        from wallet_async.rates.redis import RedisStore  # noqa: PLC0415 - its driver is an extra

        return await RedisStore.open(url, name)
    if scheme in {"postgresql", "postgres"}:
        from wallet_async.rates.postgres import PostgresStore  # noqa: PLC0415 - its driver is an extra

        return await PostgresStore.open(url, name)
    raise checks.reject("url", "…", _EXPECTED)
