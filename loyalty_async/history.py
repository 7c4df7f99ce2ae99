"""A wallet's history page by page: which rows to ask for, and whether the pages are what they seem."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

from loyalty_async import wire
from loyalty_async.models import LoyaltyTransaction
from wallet_async.engine import checks
from wallet_async.engine.ahead import Surroundings
from wallet_async.engine.calls import Call, Reply
from wallet_async.engine.errors import DecodeError
from wallet_async.engine.pager import LOOKAHEAD, Pager
from wallet_async.engine.walk import Checkpoint, Paging

T = TypeVar("T")

SKEW = timedelta(days=1)
"""How far this machine's clock may be off Sipay's."""


class Read(Protocol):
    """Sends a call that may be repeated, and reads its answer."""

    def __call__(self, call: Call, read: Callable[[Reply], T]) -> Awaitable[T]:
        """Send *call*."""


def row_id(row: LoyaltyTransaction) -> str:
    """What tells a row from others."""
    return row.transaction_id


def made_at(row: LoyaltyTransaction) -> datetime:
    """What rows are ordered by."""
    return row.created_at


_PAGING = Paging("transactions", wire.PAGE_SIZE, key=row_id, moment=made_at)


def open_history(
    read: Read,
    surroundings: Callable[[], Surroundings],
    wallet_number: str,
    *,
    since: datetime | None,
    first_page: int,
    wallet_id: str | None = None,
    reference: str | None = None,
    until: datetime | None = None,
    limit: int | None = None,
    resume: Checkpoint | str | None = None,
    lookahead: int = LOOKAHEAD,
) -> Pager[LoyaltyTransaction]:
    """Make a pager over a wallet's rows, or over all rows of a reference; nothing is sent yet.

    Raises:
        InvalidInputError: An argument does not fit; the error names it.
    """
    history = History(
        read,
        checks.plain("wallet_number", wallet_number),
        wallet_id=None if wallet_id is None else checks.plain("wallet_id", wallet_id),
        reference=None if reference is None else checks.plain("reference", reference),
        since=None if since is None else checks.moment("since", since),
        until=None if until is None else checks.moment("until", until),
        first_page=first_page,
    )
    return Pager(
        history.page,
        _PAGING,
        Checkpoint(first_page) if resume is None else Checkpoint.of(resume),
        surroundings,
        since=since,
        limit=limit,
        lookahead=lookahead,
    )


class History:
    """Fetches the pages of one walk.

    Rows are selected by ``wallet_id``: L6 has no filter for "from or to this wallet", and what it makes of
    ``from_wallet_number`` and ``to_wallet_number`` together is not documented (most servers would want both to match,
    which no loyalty row does). The id comes from Wallet/Info, once a walk, which also tells an unknown wallet from one
    without rows.

    ``end_date`` is fixed when the walk begins. Without *until* it lies a day ahead, or a clock that is behind Sipay's
    would hide the newest rows; what arrives meanwhile is left to the walk, which drops what it has seen.

    A pager reads the first page on its own, so the wallet's id has been looked up before pages are read side by side,
    and the ids of the first page are there when the second is compared with them.
    """

    def __init__(
        self,
        read: Read,
        wallet_number: str,
        *,
        wallet_id: str | None,
        reference: str | None,
        since: datetime | None,
        until: datetime | None,
        first_page: int,
    ) -> None:
        self._read = read
        self._wallet_number = wallet_number
        self._wallet_id = wallet_id
        self._reference = reference
        self._since = since
        self._until = until
        self._first_page = first_page
        self._query: wire.Query | None = None
        self._head: list[str] = []

    async def page(self, number: int) -> list[LoyaltyTransaction]:
        """Read page *number*.

        Raises:
            WalletError: The page could not be read, or holds rows that were not asked for.
        """
        rows = await self._rows(number)
        ids = [row.transaction_id for row in rows]
        if number == self._first_page:
            self._head = ids
        elif number == self._first_page + 1 and ids and ids == self._head:
            await self._check_base(ids)
        return rows

    async def _rows(self, number: int) -> list[LoyaltyTransaction]:
        query = self._query or await self._make_query()
        rows = await self._read(wire.transactions_call(query, number), wire.read_transactions(self._wallet_number))
        if self._reference is not None:
            return rows  # a reference may stand in other wallets too: whoever looks for it compares
        if not all(wire.is_of(row, self._wallet_number, self._wallet_id) for row in rows):
            raise DecodeError(
                "the page holds rows of other wallets: the filter was not applied", path="$.payload.results"
            )
        return rows

    async def _make_query(self) -> wire.Query:
        end = self._until or datetime.now(UTC) + SKEW
        if self._reference is not None:
            selection = ("ext_transaction_id", self._reference)
        else:
            self._wallet_id = self._wallet_id or await self._look_up()
            selection = ("wallet_id", self._wallet_id)
        self._query = wire.Query(selection=selection, start=self._since or wire.BEGINNING, end=end)
        return self._query

    async def _look_up(self) -> str:
        wallet = await self._read(wire.wallet_call(self._wallet_number, None), wire.read_wallet(self._wallet_number))
        return wallet.id

    async def _check_base(self, ids: list[str]) -> None:
        """Tell a provider that takes both indices for its first page from a page's worth of rows that just arrived."""
        if [row.transaction_id for row in await self._rows(self._first_page)] == ids:
            first = self._first_page
            raise DecodeError(
                f"page_index {first} and {first + 1} give the same rows: Sipay seems to count pages from {first + 1}; "
                f"make the session with first_page_index={first + 1}"
            )
