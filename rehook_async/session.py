"""`RehookSession`: Rehook's wallets for asyncio."""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

from rehook_async import wire
from rehook_async.models import Movement, Receipt
from rehook_async.reading import RehookReading
from wallet_async.engine.auth import Basic
from wallet_async.engine.bulk import Bulk
from wallet_async.engine.environment import required
from wallet_async.engine.events import OnEvent
from wallet_async.engine.limits import Limits, Timeouts
from wallet_async.engine.once import Books, Journal
from wallet_async.engine.progress import OnProgress
from wallet_async.engine.retry import RetryPolicy

if TYPE_CHECKING:
    import aiohttp


class RehookSession(RehookReading):
    """Credits, debits and histories of Rehook wallets.

    One session serves a whole application: it keeps a pool of connections and one bound for everything it does. Make it
    anywhere, use it in one event loop, close it at the end.

    Args:
        api_key: API key of your application, the user of HTTP Basic (page "Update wallet").
        secret_key: Its secret key, the password.
        base_url: Where the API answers; https, or http on loopback.
        limits: Bounds on what is in flight, waiting and received.
        retry: How reads are repeated; a credit or debit is sent once.
        timeouts: Bounds in time.
        http: Your own `aiohttp.ClientSession`, used and never closed (its proxies, certificates and cookies apply).
        on_event: Called with every event (`wallet_async.engine.events`).
        journal: Makes every credit and debit once for its reference, through crashes and in several processes
            (`wallet_async.journal.Journal.open`). It is not closed with the session.

    Raises:
        InvalidInputError: An argument does not fit; the error names it.

    Example:
        ```python
        async with RehookSession(api_key, secret_key) as rehook:
            receipt = await rehook.credit(
                "krishna123", "waty_Xbg", 20, description="Order 1847", reference="order-1847"
            )
        ```
    """

    service = "rehook"
    _movement = Movement

    def __init__(
        self,
        api_key: str,
        secret_key: str,
        *,
        base_url: str = wire.BASE_URL,
        limits: Limits | None = None,
        retry: RetryPolicy | None = None,
        timeouts: Timeouts | None = None,
        http: aiohttp.ClientSession | None = None,
        on_event: OnEvent | None = None,
        journal: Journal | None = None,
    ) -> None:
        super().__init__(
            base_url=base_url,
            auth=Basic(api_key, secret_key),
            limits=limits,
            retry=retry,
            timeouts=timeouts,
            http=http,
            on_event=on_event,
            journal=journal,
        )

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ, **options: Any) -> Self:
        """Make a session from ``REHOOK_API_KEY``, ``REHOOK_SECRET_KEY`` and, if set, ``REHOOK_BASE_URL``.

        Raises:
            InvalidInputError: A variable is missing or does not fit.
        """
        base_url = options.pop("base_url", None) or environ.get("REHOOK_BASE_URL") or wire.BASE_URL
        return cls(
            required(environ, "REHOOK_API_KEY"), required(environ, "REHOOK_SECRET_KEY"), base_url=base_url, **options
        )

    async def credit(
        self,
        source_id: str,
        wallet_id: str,
        points: int | Decimal,
        *,
        description: str = "",
        reference: str | None = None,
        timeout: float | None = None,
    ) -> Receipt:
        """Add points to a wallet, once (page "Update wallet").

        The request is sent once. If nothing that comes back proves what became of it, `OutcomeUnknownError` says so,
        and `settle` can look it up **if it had a reference**; without one the description goes out untouched, and a
        person has to look.

        Args:
            source_id: The customer: Rehook's id or your own, such as ``"KMN@123"``.
            wallet_id: The wallet.
            points: How much, above zero, exact: `int` or `Decimal`.
            description: Shown in the history; with a reference, a mark of 26 characters is put in front.
            reference: Your own name for this movement, unique among your movements.
            timeout: Seconds for everything; None for `Timeouts.total`.

        Raises:
            InvalidInputError: An argument does not fit; nothing was sent.
            RefusedError: Rehook said no.
            NotFoundError: The customer does not exist.
            AuthenticationError: The keys were not accepted.
            ConnectError: No connection was made; nothing was sent.
            RequestTimeoutError: The time was up before anything was sent.
            OutcomeUnknownError: It may or may not have been booked.
        """
        movement = Movement(
            kind="credit",
            source_id=source_id,
            wallet_id=wallet_id,
            points=points,
            description=description,
            reference=reference,
        )
        return await self._move(movement, timeout)

    async def debit(
        self,
        source_id: str,
        wallet_id: str,
        points: int | Decimal,
        *,
        description: str = "",
        reference: str | None = None,
        timeout: float | None = None,
    ) -> Receipt:
        """Take points from a wallet, once; arguments, result and errors as in `credit`.

        Raises:
            RefusedError: Rehook said no, for example because the wallet holds too little.
            OutcomeUnknownError: It may or may not have been booked.
        """
        movement = Movement(
            kind="debit",
            source_id=source_id,
            wallet_id=wallet_id,
            points=points,
            description=description,
            reference=reference,
        )
        return await self._move(movement, timeout)

    def apply(
        self,
        movements: Iterable[Movement] | AsyncIterable[Movement],
        *,
        concurrency: int = 50,
        on_progress: OnProgress | None = None,
    ) -> Bulk[Movement, Receipt]:
        """Make many credits and debits; those of one wallet keep their order, one failure harms no other.

        Leaving the loop early, also by ``asyncio.timeout`` around it, takes no further movement and waits for those
        that have left; see `Bulk.unread`.

        Args:
            movements: What to book, of any number.
            concurrency: Movements under way at once.
            on_progress: Called with a `Progress` once a second and at the end; what it raises is logged.
        """
        return self._runs.apply(
            movements, Movement, lambda movement: self._move(movement, None), concurrency, on_progress
        )

    async def _move(self, movement: Movement, timeout: float | None) -> Receipt:
        return await self._book(movement, timeout)  # type: ignore[no-any-return]

    def _books(self, movement: Movement) -> Books[Receipt]:
        """Say how *movement* is sent, and how the history shows it."""
        description = wire.stamped(movement)
        call, read = wire.movement_call(movement, description), wire.read_receipt(movement, description)
        return Books(
            Receipt,
            lambda announcement, timeout: self._write(call, read, timeout, movement, announcement),
            lambda since, timeout, later=None: self._booked(movement, since, timeout, later),
            lambda since, timeout: self._alike(movement, since, timeout),
        )
