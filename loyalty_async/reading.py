"""The half of `LoyaltySession` that reads: a wallet, histories, and what became of a movement."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable
from datetime import datetime
from typing import TypeVar

from loyalty_async import wire
from loyalty_async.history import SKEW, Read, made_at, open_history, row_id
from loyalty_async.models import LoyaltyReceipt, LoyaltyTransaction, LoyaltyWallet, Movement
from wallet_async.engine import checks
from wallet_async.engine.bulk import Bulk
from wallet_async.engine.calls import Call, Reply, opposite
from wallet_async.engine.errors import InvalidInputError, OutcomeUnknownError
from wallet_async.engine.once import TAKEN_BACK, Sight
from wallet_async.engine.pager import LOOKAHEAD, Pager
from wallet_async.engine.progress import OnProgress
from wallet_async.engine.session import WalletSession
from wallet_async.engine.walk import Checkpoint, Page

T = TypeVar("T")

WalletKey = str | tuple[str, str]
"""A wallet: its number, or ``(wallet_number, wallet_id)``."""


class LoyaltyReading(WalletSession):
    """What a `LoyaltySession` can ask without changing anything."""

    _first_page: int
    """``page_index`` of a history's newest page."""

    async def wallet(
        self, wallet_number: str, *, account_number: str | None = None, timeout: float | None = None
    ) -> LoyaltyWallet:
        """Read a wallet (page "Wallet info", which does not say that it takes loyalty wallets).

        Raises:
            NotFoundError: The wallet does not exist.
            WalletError: The call failed.
        """
        call = wire.wallet_call(wallet_number, account_number)
        return await self._read(call, wire.read_wallet(wallet_number), timeout)

    def transactions(
        self,
        wallet_number: str,
        *,
        wallet_id: str | None = None,
        lookahead: int = LOOKAHEAD,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = None,
        resume: Checkpoint | str | None = None,
        timeout: float | None = None,
    ) -> Pager[LoyaltyTransaction]:
        """Read a wallet's history, newest first, 20 rows a request (page "Transaction data").

        Nothing is sent until it is iterated. No page says that loyalty movements are listed there: an empty history
        does not prove that nothing was booked.

        Args:
            wallet_number: The wallet.
            wallet_id: Its id (`LoyaltyWallet.id`); None looks it up first, with one request more (`wallet`).
            lookahead: Pages to have under way beyond the next one, once the first is full; 1 for one page after
                another. `Pager` tells what it costs and what it keeps to.
            since: Only rows made at this moment or later (aware); None for all there are. Sipay's own default is the
                last three days, which would cut a history without a word.
            until: Only rows made until this moment (aware).
            limit: At most this many rows.
            resume: A `Pager.checkpoint` (or its text) to go on from.
            timeout: Seconds for each request; `asyncio.timeout` around the loop bounds the whole walk.

        Raises:
            InvalidInputError: An argument does not fit.
        """
        return open_history(
            self._reader(timeout),
            self._surroundings,
            wallet_number,
            wallet_id=wallet_id,
            since=since,
            until=until,
            limit=limit,
            resume=resume,
            lookahead=lookahead,
            first_page=self._first_page,
        )

    def scan(
        self,
        wallets: Iterable[WalletKey] | AsyncIterable[WalletKey],
        *,
        concurrency: int = 50,
        since: datetime | None = None,
        limit: int | None = None,
        on_progress: OnProgress | None = None,
    ) -> Bulk[WalletKey, tuple[LoyaltyTransaction, ...]]:
        """Read many histories under one bound; results come as they finish, one `Done` or `Failed` a wallet.

        Args:
            wallets: Wallet numbers, or pairs of ``(wallet_number, wallet_id)`` that save a request each, of any number.
            concurrency: Wallets read at once; of those with more than 100 rows as many again, so that wallets of one
                page do not wait for wallets of a thousand. `Limits.max_in_flight` bounds the requests.
            since: As in `transactions`.
            limit: Rows a wallet at most.
            on_progress: Called with a `Progress` once a second and at the end; what it raises is logged.
        """
        return self._runs.scan(wallets, self._histories(since, limit), concurrency, on_progress)

    def scan_pages(
        self,
        wallets: Iterable[WalletKey] | AsyncIterable[WalletKey],
        *,
        concurrency: int = 50,
        since: datetime | None = None,
        limit: int | None = None,
        on_progress: OnProgress | None = None,
    ) -> Bulk[WalletKey, Page[LoyaltyTransaction]]:
        """Read many histories page by page, for histories of any length in flat memory; otherwise as `scan`."""
        return self._runs.scan_pages(wallets, self._histories(since, limit), concurrency, on_progress)

    def _histories(self, since: datetime | None, limit: int | None) -> Callable[[WalletKey], Pager[LoyaltyTransaction]]:
        checks.selection(since, limit)

        def history(wallet: WalletKey) -> Pager[LoyaltyTransaction]:
            number, wallet_id = _pair(wallet)
            # A bulk run has other wallets to read beside a page: looking ahead would only cost requests.
            return self.transactions(number, wallet_id=wallet_id, lookahead=1, since=since, limit=limit)

        return history

    async def find(
        self, wallet_number: str, reference: str, *, since: datetime, timeout: float | None = None
    ) -> LoyaltyTransaction | None:
        """Look a reference up among a wallet's rows; Sipay searches for it (``ext_transaction_id``).

        None means that no row shows it *now*, not that nothing was booked: a movement that was sent a moment ago may
        still appear, and no page says that loyalty movements are listed. A row that was found may have been cancelled
        since (`LoyaltyTransaction.completed`). Two rows with one reference are reported as `DoubledEvent`, and the
        older is given.

        Args:
            wallet_number: The wallet.
            reference: The reference the movement was sent with.
            since: How far back to look (aware).
            timeout: Seconds for each page.

        Raises:
            WalletError: The history could not be read.
        """
        return self._oldest(
            await self._found(wallet_number, reference, checks.moment("since", since), timeout),
            reference,
            key=row_id,
            moment=made_at,
        )

    async def settle(self, error: OutcomeUnknownError, *, timeout: float | None = None) -> LoyaltyTransaction | None:
        """Find out what became of a movement: ``except OutcomeUnknownError as e: done = await loyalty.settle(e)``.

        Returns:
            The row of its reference, kind and amount in its wallet, or None if no row shows it now (see `find`).

        Raises:
            InvalidInputError: It is no movement of a loyalty wallet, so no row can be known as its own.
            WalletError: The history could not be read.
        """
        movement = error.movement
        if not isinstance(movement, Movement):
            raise InvalidInputError("this error is not about a loyalty credit or debit; a person has to look")
        return await self._row_of(movement, error.sent_at - SKEW, timeout)

    async def _row_of(
        self, movement: Movement, since: datetime | None, timeout: float | None
    ) -> LoyaltyTransaction | None:
        rows = await self._found(movement.wallet_number, movement.reference, since, timeout)
        own = [row for row in rows if _is(row, movement)]
        return self._oldest(own, movement.reference, key=row_id, moment=made_at)

    async def _booked(
        self, movement: Movement, since: datetime | None, timeout: float, later: str | None = None
    ) -> Sight[LoyaltyReceipt]:
        """Say what the history shows of a movement; a row that was never completed proves nothing yet."""
        since = None if since is None else since - SKEW
        rows = await self._with_reference(movement.wallet_number, movement.reference, since, timeout)
        behind = False
        if later is not None and not rows:
            # One reading for both: of two searches the one may meet a replica that is behind, and the other not.
            history = await self.transactions(movement.wallet_number, since=since, timeout=timeout).collect()
            rows = [row for row in history if row.reference == movement.reference]
            behind = all(row.reference != later for row in history)
        rows = [row for row in rows if wire.may_be_of(row, movement.wallet_number)]
        own = [row for row in rows if _is(row, movement) and (row.completed or row.taken_back)]
        row = self._oldest(own, movement.reference, key=row_id, moment=made_at)
        odd = _odd(own, [row for row in rows if row not in own], movement)
        if row is not None and odd is not None:
            self._tell_person(movement.reference, odd)
        return Sight(
            receipt=None if row is None else wire.receipt_of(movement), doubled=len(own) > 1, odd=odd, behind=behind
        )

    async def _alike(self, movement: Movement, since: datetime, timeout: float) -> bool:
        """Whether a row of the wallet may be the movement's own without its reference."""
        history = self.transactions(movement.wallet_number, since=since - SKEW, timeout=timeout)
        return any([_is(row, movement) async for row in history])

    async def _found(
        self, wallet_number: str, reference: str, since: datetime | None, timeout: float | None
    ) -> list[LoyaltyTransaction]:
        """Read every row of a reference that belongs to the wallet; other wallets may use the same reference."""
        rows = await self._with_reference(wallet_number, reference, since, timeout)
        return [row for row in rows if wire.is_of(row, wallet_number)]

    async def _with_reference(
        self, wallet_number: str, reference: str, since: datetime | None, timeout: float | None
    ) -> list[LoyaltyTransaction]:
        history = open_history(
            self._reader(timeout),
            self._surroundings,
            wallet_number,
            reference=reference,
            since=since,
            first_page=self._first_page,
        )
        return await history.collect()

    def _reader(self, timeout: float | None) -> Read:
        if timeout is not None:
            checks.seconds("timeout", timeout)

        async def read(call: Call, read: Callable[[Reply], T]) -> T:
            return await self._read(call, read, timeout)

        return read


def _is(row: LoyaltyTransaction, movement: Movement) -> bool:
    return wire.is_of(row, movement.wallet_number) and (row.type, row.amount) == (movement.kind, movement.amount)


def _odd(own: list[LoyaltyTransaction], others: list[LoyaltyTransaction], movement: Movement) -> str | None:
    """Say what a person has to look at: rows that were taken back, or carry its reference and are not its own."""
    back = (opposite(movement.kind), movement.amount)
    if own and all((row.type, row.amount) == back for row in others):
        return TAKEN_BACK if others or any(row.taken_back for row in own) else None
    if others and _is(others[0], movement):
        return f"its row is not completed (status {others[0].status_id})"
    return "a row carries its reference, with another kind or amount" if others else None


def _pair(wallet: object) -> tuple[str, str | None]:
    match wallet:
        case str():
            return wallet, None
        case (str() as number, str() as wallet_id):
            return number, wallet_id
    raise checks.reject("wallets", wallet, "wallet numbers or pairs of (wallet_number, wallet_id)")
