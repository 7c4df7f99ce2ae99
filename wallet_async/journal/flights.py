"""Several callers of one process that ask for the same reference: one works, the others get what comes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from copy import copy
from typing import Any, TypeVar

from attrs import frozen

from wallet_async.engine.errors import WalletError

T = TypeVar("T")


@frozen
class _Landed:
    """What a call ended with."""

    fingerprint: str
    value: Any = None
    error: WalletError | None = None


class UnderWayError(Exception):
    """The time was up, and another call with the same reference was still under way."""


class Flights:
    """What is under way, by reference."""

    def __init__(self) -> None:
        self._under_way: dict[str, asyncio.Future[_Landed]] = {}

    async def share(
        self, reference: str, fingerprint: str, work: Callable[[], Awaitable[T]], left: Callable[[], float]
    ) -> T:
        """Do *work*, or wait for the call that does it for the same reference and the same movement.

        What it gives is shared, and so is an error that says what became of the movement. After any other end, such
        as a cancellation or a time-out before anything was sent, the next caller works itself.

        Raises:
            UnderWayError: Another call did not end within the seconds that were *left*. *work* keeps to them itself.
        """
        while (flight := self._under_way.get(reference)) is not None:
            await asyncio.wait([flight], timeout=left())
            if not flight.done():
                raise UnderWayError
            if flight.cancelled():
                continue
            landed = flight.result()
            if landed.fingerprint != fingerprint:
                continue
            if landed.error is None:
                return landed.value  # type: ignore[no-any-return]
            if not landed.error.not_applied:
                raise copy(landed.error)
        return await self._lead(reference, fingerprint, work)

    async def _lead(self, reference: str, fingerprint: str, work: Callable[[], Awaitable[T]]) -> T:
        flight: asyncio.Future[_Landed] = asyncio.get_running_loop().create_future()
        self._under_way[reference] = flight
        try:
            value = await work()
        except WalletError as error:
            flight.set_result(_Landed(fingerprint, error=error))
            raise
        except BaseException:
            flight.cancel()
            raise
        else:
            flight.set_result(_Landed(fingerprint, value))
            return value
        finally:
            del self._under_way[reference]
