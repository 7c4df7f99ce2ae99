"""The half of `RehookSession` that reads: wallets, histories, and what became of a movement."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from operator import attrgetter

from rehook_async import wire
from rehook_async.models import Movement, Receipt, Transaction, Wallet
from wallet_async.engine import checks
from wallet_async.engine.bulk import Bulk
from wallet_async.engine.calls import opposite
from wallet_async.engine.errors import InvalidInputError, OutcomeUnknownError
from wallet_async.engine.marker import carries, find_mark
from wallet_async.engine.once import TAKEN_BACK, Sight
from wallet_async.engine.pager import LOOKAHEAD, Pager
from wallet_async.engine.progress import OnProgress
from wallet_async.engine.session import WalletSession
from wallet_async.engine.walk import Checkpoint, Page, Paging

WalletKey = tuple[str, str]
"""A wallet: ``(source_id, wallet_id)``."""

_SKEW = timedelta(days=1)
"""How far this machine's clock may be off Rehook's when a movement is looked up."""

_id: Callable[[Transaction], str] = attrgetter("transaction_id")
_booked_at: Callable[[Transaction], datetime] = attrgetter("created_at")
_PAGING = Paging("transactions", wire.PAGE_SIZE, key=_id, moment=_booked_at)


class RehookReading(WalletSession):
    """What a `RehookSession` can ask without changing anything."""

    async def wallets(self, source_id: str, *, timeout: float | None = None) -> list[Wallet]:
        """List the wallets of a customer (page "Get customer wallets").

        Raises:
            NotFoundError: The customer does not exist.
            WalletError: The call failed.
        """
        return await self._read(wire.wallets_call(source_id), wire.read_wallets, timeout)

    def transactions(
        self,
        source_id: str,
        wallet_id: str,
        *,
        start_page: int = wire.FIRST_PAGE,
        lookahead: int = LOOKAHEAD,
        since: datetime | None = None,
        limit: int | None = None,
        resume: Checkpoint | str | None = None,
        timeout: float | None = None,
    ) -> Pager[Transaction]:
        """Read a wallet's history, newest first as Rehook orders it, 20 rows a request (page "Wallet transactions").

        Nothing is sent until it is iterated. Rehook answers a wallet it does not know with an empty list or nothing at
        all: an empty history proves little, `wallets` tells.

        Args:
            source_id: The customer.
            wallet_id: The wallet.
            start_page: The page to begin with, 1 for the newest rows.
            lookahead: Pages to have under way beyond the next one, once the first is full; 1 for one page after
                another. `Pager` tells what it costs and what it keeps to.
            since: Leave out rows booked before this moment (aware), and stop when the rest is older.
            limit: At most this many rows.
            resume: A `Pager.checkpoint` (or its text) to go on from, in place of `start_page`.
            timeout: Seconds for each page; `asyncio.timeout` around the loop bounds the whole walk.

        Raises:
            InvalidInputError: An argument does not fit.
        """
        if timeout is not None:
            checks.seconds("timeout", timeout)
        if since is not None:
            checks.moment("since", since)
        start = Checkpoint(checks.count("start_page", start_page)) if resume is None else Checkpoint.of(resume)
        return self._open_history(source_id, wallet_id, start, since, limit, lookahead, timeout)

    def _open_history(
        self,
        source_id: str,
        wallet_id: str,
        start: Checkpoint,
        since: datetime | None,
        limit: int | None,
        lookahead: int,
        timeout: float | None,
    ) -> Pager[Transaction]:
        target = wire.transactions_target(source_id, wallet_id)

        def fetch(page: int) -> Awaitable[list[Transaction]]:
            call = wire.transactions_call(target, page)
            return self._read(call, lambda reply: wire.read_transactions(reply, page), timeout)

        return Pager(fetch, _PAGING, start, self._surroundings, since, limit, lookahead)

    def scan(
        self,
        wallets: Iterable[WalletKey] | AsyncIterable[WalletKey],
        *,
        concurrency: int = 50,
        since: datetime | None = None,
        limit: int | None = None,
        on_progress: OnProgress | None = None,
    ) -> Bulk[WalletKey, tuple[Transaction, ...]]:
        """Read many histories under one bound; results come as they finish, one `Done` or `Failed` a wallet.

        Args:
            wallets: Pairs of ``(source_id, wallet_id)``, of any number.
            concurrency: Wallets read at once; of those with more than 100 rows as many again, so that wallets of one
                page do not wait for wallets of a thousand. `Limits.max_in_flight` bounds the requests.
            since: As in `transactions`.
            limit: Rows a wallet at most.
            on_progress: Called with a `Progress` once a second and at the end; what it raises is logged.

        Example:
            ```python
            async for result in rehook.scan([("krishna123", "waty_A"), ("meera", "waty_B")]):
                match result:
                    case Done(item=(source_id, _), value=transactions):
                        print(source_id, len(transactions))
                    case Failed(item=wallet, error=error):
                        print(wallet, error)
            ```
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
    ) -> Bulk[WalletKey, Page[Transaction]]:
        """Read many histories page by page, for histories of any length in flat memory; otherwise as `scan`."""
        return self._runs.scan_pages(wallets, self._histories(since, limit), concurrency, on_progress)

    def _histories(self, since: datetime | None, limit: int | None) -> Callable[[WalletKey], Pager[Transaction]]:
        checks.selection(since, limit)
        start = Checkpoint(wire.FIRST_PAGE)

        def history(wallet: WalletKey) -> Pager[Transaction]:
            source_id, wallet_id = _pair(wallet)
            # A bulk run has other wallets to read beside a page: looking ahead would only cost requests.
            return self._open_history(source_id, wallet_id, start, since, limit, 1, None)

        return history

    async def find(
        self,
        source_id: str,
        wallet_id: str,
        reference: str,
        *,
        since: datetime,
        timeout: float | None = None,
    ) -> Transaction | None:
        """Look a reference up in a wallet's history.

        None means that no row shows it *now*; a movement that was sent a moment ago may still appear. Two rows with one
        reference are reported as `DoubledEvent`, and the older is given.

        Args:
            source_id: The customer.
            wallet_id: The wallet.
            reference: The reference the movement was sent with.
            since: How far back to look (aware).
            timeout: Seconds for each page.

        Raises:
            WalletError: The history could not be read.
        """
        wanted = wire.mark(checks.plain("reference", reference))
        history = self.transactions(source_id, wallet_id, since=checks.moment("since", since), timeout=timeout)
        found = [row async for row in history if carries(row.description, wanted)]
        return self._oldest(found, reference, key=_id, moment=_booked_at)

    async def settle(self, error: OutcomeUnknownError, *, timeout: float | None = None) -> Transaction | None:
        """Find out what became of a movement: ``except OutcomeUnknownError as e: done = await rehook.settle(e)``.

        Returns:
            The row it was booked as, or None if no row shows it now (see `find`).

        Raises:
            InvalidInputError: It had no reference, so nothing in the history can be known as its row.
            WalletError: The history could not be read.
        """
        movement = error.movement
        if not isinstance(movement, Movement) or movement.reference is None:
            raise InvalidInputError(
                "this movement had no reference, so its row cannot be told from others; a person has to look"
            )
        return await self._row_of(movement, movement.reference, error.sent_at - _SKEW, timeout)

    async def _row_of(
        self, movement: Movement, reference: str, since: datetime | None, timeout: float | None
    ) -> Transaction | None:
        (marked,) = await self._marked(movement, [reference], since, timeout)
        own = [row for row in marked if _is(row, movement)]
        return self._oldest(own, reference, key=_id, moment=_booked_at)

    async def _marked(
        self, movement: Movement, references: Sequence[str], since: datetime | None, timeout: float | None
    ) -> list[list[Transaction]]:
        """Read every row of its wallet that carries the mark of one of *references*; a list for each of them."""
        found: dict[str, list[Transaction]] = {wire.mark(reference): [] for reference in references}
        async for row in self.transactions(movement.source_id, movement.wallet_id, since=since, timeout=timeout):
            mark = find_mark(row.description)
            if mark in found and carries(row.description, mark):
                found[mark].append(row)
        return list(found.values())

    async def _booked(
        self, movement: Movement, since: datetime | None, timeout: float, later: str | None = None
    ) -> Sight[Receipt]:
        """Say what the history shows of a movement, and whether it shows *later*, all in one reading."""
        if movement.reference is None:
            return Sight(odd="it has no reference, so its row cannot be told from others")
        since = None if since is None else since - _SKEW
        references = [movement.reference] if later is None else [movement.reference, later]
        marked, *shown = await self._marked(movement, references, since, timeout)
        own = [row for row in marked if _is(row, movement)]
        row = self._oldest(own, movement.reference, key=_id, moment=_booked_at)
        odd = _odd([row for row in marked if row not in own], movement, booked=row is not None)
        if row is not None and odd is not None:
            self._tell_person(movement.reference, odd)
        return Sight(
            receipt=None if row is None else wire.receipt_of(movement, row),
            doubled=len(own) > 1,
            odd=odd,
            behind=[] in shown,
        )

    async def _alike(self, movement: Movement, since: datetime, timeout: float) -> bool:
        """Whether a row may be the movement's own without its mark."""
        history = self.transactions(movement.source_id, movement.wallet_id, since=since - _SKEW, timeout=timeout)
        return any([_is(row, movement) and find_mark(row.description) is None async for row in history])


def _is(row: Transaction, movement: Movement) -> bool:
    return (row.type, row.points) == (movement.kind, movement.points)


def _odd(others: Sequence[Transaction], movement: Movement, *, booked: bool) -> str | None:
    """Say what rows are that carry the mark of *movement*, and yet are not its own."""
    if not others:
        return None
    if booked and all((row.type, row.points) == (opposite(movement.kind), movement.points) for row in others):
        return TAKEN_BACK
    return "a row carries its mark, with another kind or amount"


def _pair(wallet: object) -> WalletKey:
    if not isinstance(wallet, (tuple, list)) or len(wallet) != 2:
        raise checks.reject("wallets", wallet, "pairs of (source_id, wallet_id)")
    return wallet[0], wallet[1]
