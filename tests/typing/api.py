"""What a user's type checker sees; checked by mypy and basedpyright, never run."""

from collections.abc import AsyncIterator
from datetime import datetime
from decimal import Decimal
from typing import Any, assert_type

from faststream.nats import NatsMessage

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
from wallet_async.consume import Ack, Consumer, DeadLetter, Outcome, Redelivery, Retry
from wallet_async.consume.faststream import settle


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


async def consuming(session: RehookSession, movement: Movement) -> None:
    """A `match` over outcomes knows the delay and the error."""
    async with Consumer(session, source="orders", redelivery=Redelivery(max_deliveries=5)) as consumer:
        outcome = await consumer.handle("order-1849", movement, deliveries=1)
        assert_type(outcome, Outcome)
        match outcome:
            case Ack(receipt):
                assert_type(receipt, Any)
            case Retry(delay, error):
                assert_type(delay, float)
                assert_type(error, WalletError)
            case DeadLetter(error):
                assert_type(error, WalletError)


async def in_faststream(message: NatsMessage, outcome: Outcome) -> None:
    """A message of FastStream is what `settle` takes."""

    async def dead_letter(error: WalletError) -> None:
        print(error)

    await settle(message, outcome, dead_letter)
