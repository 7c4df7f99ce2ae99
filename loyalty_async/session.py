"""`LoyaltySession`: Sipay's loyalty wallets for asyncio."""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, Callable, Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

from loyalty_async import wire
from loyalty_async.models import LoyaltyReceipt, LoyaltyWallet, Movement
from loyalty_async.reading import LoyaltyReading
from loyalty_async.settings import auth_from
from wallet_async.engine import checks
from wallet_async.engine.auth import Anonymous, Auth
from wallet_async.engine.bulk import Bulk
from wallet_async.engine.environment import required
from wallet_async.engine.errors import InvalidInputError
from wallet_async.engine.events import OnEvent
from wallet_async.engine.limits import Limits, Timeouts
from wallet_async.engine.once import Books, Journal
from wallet_async.engine.progress import OnProgress
from wallet_async.engine.retry import RetryPolicy

if TYPE_CHECKING:
    import aiohttp

HashKey = str | Callable[[Movement], str]
"""A ``hash_key``, or what makes one; see `Movement.hash_key`."""


class LoyaltySession(LoyaltyReading):
    """Credits, debits and histories of Sipay loyalty wallets.

    One session serves a whole application: it keeps a pool of connections and one bound for everything it does. Make it
    anywhere, use it in one event loop, close it at the end.

    Args:
        base_url: Where the API answers; https, or http on loopback. No production host is published.
        auth: `ClientCredentials`, `BearerToken`, or None: the loyalty pages name no authentication.
        first_page_index: ``page_index`` of a history's newest page, 0 or 1: no page says which. 0, because it is called
            an index, and because it is the safer guess: if Sipay counts from 1, the two first pages are alike and
            `transactions` says so, while a wrong 1 would pass over the newest twenty rows without a word.
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
        async with LoyaltySession("https://stsapiuat.walletgate.io", auth=BearerToken(token)) as loyalty:
            receipt = await loyalty.credit("LYT_7160182174011919319", 25, currency_code="TRY", reference="order-1847")
        ```
    """

    service = "loyalty"
    _movement = Movement

    def __init__(
        self,
        base_url: str,
        *,
        auth: Auth | None = None,
        first_page_index: int = 0,
        limits: Limits | None = None,
        retry: RetryPolicy | None = None,
        timeouts: Timeouts | None = None,
        http: aiohttp.ClientSession | None = None,
        on_event: OnEvent | None = None,
        journal: Journal | None = None,
    ) -> None:
        if auth is not None and not callable(getattr(auth, "start", None)):
            # The value is not repeated: it may well be a token.
            raise InvalidInputError(
                f"auth must be a ClientCredentials, a BearerToken or None, not {type(auth).__name__} (value not shown)"
            )
        if type(first_page_index) is not int or first_page_index not in {0, 1}:
            raise checks.reject("first_page_index", first_page_index, "0 or 1")
        self._first_page = first_page_index
        super().__init__(
            base_url=base_url,
            auth=auth or Anonymous(),
            limits=limits,
            retry=retry,
            timeouts=timeouts,
            http=http,
            on_event=on_event,
            journal=journal,
        )

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ, **options: Any) -> Self:
        """Make a session from ``LOYALTY_BASE_URL`` and, if any of them is set, the variables of its credentials.

        These are ``LOYALTY_TOKEN``, or ``LOYALTY_TOKEN_URL``, ``LOYALTY_CLIENT_ID``, ``LOYALTY_CLIENT_SECRET`` and
        perhaps ``LOYALTY_SCOPE``; with either perhaps ``LOYALTY_CLIENT_KEY``. *options* go to the constructor.

        Raises:
            InvalidInputError: A variable is missing or does not fit.
        """
        base_url = options.pop("base_url", None) or required(environ, "LOYALTY_BASE_URL")
        if "auth" not in options:
            options["auth"] = auth_from(environ)
        return cls(base_url, **options)

    async def credit(
        self,
        wallet_number: str,
        amount: int | Decimal,
        *,
        currency_code: str,
        reference: str,
        account_number: str | None = None,
        tx_group_correlation_id: int | None = None,
        hash_key: HashKey | None = None,
        timeout: float | None = None,
    ) -> LoyaltyReceipt:
        """Add points to a wallet, once (page "Increase loyalty balance").

        The request is sent once. If nothing that comes back proves what became of it, `OutcomeUnknownError` says so,
        and `settle` can look it up by its reference.

        Args:
            wallet_number: The wallet, such as ``"LYT_7160182174011919319"``.
            amount: How much, above zero, exact: `int` or `Decimal`.
            currency_code: Such as ``"TRY"``.
            reference: Your own name for this movement, unique among your movements and kept before it is sent.
            account_number: The account the wallet belongs to, if Sipay asks for it.
            tx_group_correlation_id: Groups movements at Sipay.
            hash_key: As agreed with Sipay; a function is called with the `Movement` (see `Movement.hash_key`).
            timeout: Seconds for everything; None for `Timeouts.total`.

        Raises:
            InvalidInputError: An argument does not fit; nothing was sent.
            RefusedError: Sipay said no; `code` is its result code.
            NotFoundError: The wallet does not exist (300).
            DuplicateError: Sipay has a request with this reference already (301). That proves nothing of the amount:
                compare with what `find` gives before anything is sent under another reference.
            AuthenticationError: The credentials were not accepted.
            ConnectError: No connection was made, also to the token host; nothing was sent.
            RequestTimeoutError: The time was up before anything was sent.
            RateLimitError: Sipay asks for fewer requests; nothing was booked.
            QueueFullError: Too many calls are waiting already; nothing was sent.
            OutcomeUnknownError: It may or may not have been booked.
        """
        movement = Movement(
            kind="credit",
            wallet_number=wallet_number,
            amount=amount,
            currency_code=currency_code,
            reference=reference,
            account_number=account_number,
            tx_group_correlation_id=tx_group_correlation_id,
            hash_key=hash_key,
        )
        return await self._move(movement, timeout)

    async def debit(
        self,
        wallet_number: str,
        amount: int | Decimal,
        *,
        currency_code: str,
        reference: str,
        account_number: str | None = None,
        tx_group_correlation_id: int | None = None,
        hash_key: HashKey | None = None,
        timeout: float | None = None,
    ) -> LoyaltyReceipt:
        """Take points from a wallet, once (page "Decrease loyalty balance"); all as in `credit`.

        Raises:
            RefusedError: Sipay said no, for example because the wallet holds too little (311).
            OutcomeUnknownError: It may or may not have been booked.
        """
        movement = Movement(
            kind="debit",
            wallet_number=wallet_number,
            amount=amount,
            currency_code=currency_code,
            reference=reference,
            account_number=account_number,
            tx_group_correlation_id=tx_group_correlation_id,
            hash_key=hash_key,
        )
        return await self._move(movement, timeout)

    async def add_program(self, account_number: str, *, timeout: float | None = None) -> LoyaltyWallet:
        """Open a loyalty wallet for an account (page "Add loyalty program").

        No page says what a second one does, so it is sent once.

        Raises:
            RefusedError: Sipay said no.
            OutcomeUnknownError: The wallet may or may not have been opened; its `movement` is None, and a person has to
                look.
        """
        return await self._write(wire.add_program_call(account_number), wire.read_added, timeout)

    def apply(
        self,
        movements: Iterable[Movement] | AsyncIterable[Movement],
        *,
        concurrency: int = 50,
        on_progress: OnProgress | None = None,
    ) -> Bulk[Movement, LoyaltyReceipt]:
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

    async def _move(self, movement: Movement, timeout: float | None) -> LoyaltyReceipt:
        return await self._book(movement, timeout)  # type: ignore[no-any-return]

    def _books(self, movement: Movement) -> Books[LoyaltyReceipt]:
        """Say how *movement* is sent, and how the history shows it."""
        call, read = wire.movement_call(movement), wire.read_receipt(movement)
        return Books(
            LoyaltyReceipt,
            lambda announcement, timeout: self._write(call, read, timeout, movement, announcement),
            lambda since, timeout, later=None: self._booked(movement, since, timeout, later),
            lambda since, timeout: self._alike(movement, since, timeout),
        )
