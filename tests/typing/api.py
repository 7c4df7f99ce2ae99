"""What a user's type checker sees; checked by mypy and basedpyright, never run."""

from collections.abc import AsyncIterator
from datetime import datetime
from decimal import Decimal
from typing import assert_type

from rehook_async import (
    Checkpoint,
    Done,
    Failed,
    Limits,
    Movement,
    OutcomeUnknownError,
    Page,
    Pager,
    Receipt,
    RehookSession,
    RetryPolicy,
    Timeouts,
    Transaction,
    Wallet,
    WalletError,
)


async def sessions(session: RehookSession) -> None:
    """Calls give what their names say."""
    async with session as same:
        assert_type(same, RehookSession)
    assert_type(await session.credit("a", "b", 1), Receipt)
    assert_type(await session.debit("a", "b", Decimal("1.5"), reference="r", timeout=2), Receipt)
    assert_type(await session.wallets("a"), list[Wallet])
    assert_type(await session.find("a", "b", "r", since=datetime.now()), Transaction | None)
    RehookSession("k", "s", limits=Limits(rate=5), retry=RetryPolicy(attempts=1), timeouts=Timeouts(total=1))
    assert_type(RehookSession.from_env(), RehookSession)


async def histories(session: RehookSession) -> None:
    """A pager is typed by its rows."""
    pager = session.transactions("a", "b", limit=3)
    assert_type(pager, Pager[Transaction])
    async for row in pager:
        assert_type(row.points, int | Decimal)
    async for page in pager.pages():
        assert_type(page, Page[Transaction])
    assert_type(await pager.collect(limit=2), list[Transaction])
    assert_type(pager.checkpoint, Checkpoint)


async def bulk(session: RehookSession, wallets: AsyncIterator[tuple[str, str]], movements: list[Movement]) -> None:
    """A `match` over results knows item, value and error."""
    async for result in session.scan(wallets):
        match result:
            case Done(item=item, value=value):
                assert_type(item, tuple[str, str])
                assert_type(value, tuple[Transaction, ...])
            case Failed(item=item, error=error):
                assert_type(item, tuple[str, str])
                assert_type(error, WalletError)
    async for applied in session.apply(movements):
        if isinstance(applied, Done):
            assert_type(applied.value, Receipt)


async def unknown(session: RehookSession, error: OutcomeUnknownError) -> None:
    """An unknown outcome can be settled."""
    assert_type(await session.settle(error), Transaction | None)
    assert_type(error.sent_at, datetime)
