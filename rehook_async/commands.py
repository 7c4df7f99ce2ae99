"""``wallet-async rehook …``: each function is one command; its signature and docstring are what the user sees."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from rehook_async.models import Receipt, Transaction, Wallet
from rehook_async.session import RehookSession
from wallet_async.engine.pager import Pager


async def wallets(session: RehookSession, source_id: str) -> list[Wallet]:
    """List the wallets of a customer.

    Args:
        source_id: The customer: Rehook's id or your own.
    """
    return await session.wallets(source_id)


async def credit(
    session: RehookSession,
    source_id: str,
    wallet_id: str,
    points: Decimal,
    *,
    description: str = "",
    reference: str | None = None,
) -> Receipt:
    """Add points to a wallet, once.

    Args:
        source_id: The customer: Rehook's id or your own.
        wallet_id: The wallet.
        points: How many, above zero.
        description: Shown in the history.
        reference: Your own name for it, by which it can be found if its outcome is not known.
    """
    return await session.credit(source_id, wallet_id, points, description=description, reference=reference)


async def debit(
    session: RehookSession,
    source_id: str,
    wallet_id: str,
    points: Decimal,
    *,
    description: str = "",
    reference: str | None = None,
) -> Receipt:
    """Take points from a wallet, once.

    Args:
        source_id: The customer: Rehook's id or your own.
        wallet_id: The wallet.
        points: How many, above zero.
        description: Shown in the history.
        reference: Your own name for it, by which it can be found if its outcome is not known.
    """
    return await session.debit(source_id, wallet_id, points, description=description, reference=reference)


def history(
    session: RehookSession,
    source_id: str,
    wallet_id: str,
    *,
    since: datetime | None = None,
    limit: int | None = None,
    resume: str | None = None,
) -> Pager[Transaction]:
    """Read a wallet's history, newest first.

    Args:
        source_id: The customer: Rehook's id or your own.
        wallet_id: The wallet.
        since: Only rows booked at or after this moment, such as 2026-01-31T00:00:00Z.
        limit: At most this many rows.
        resume: Go on after a checkpoint, such as 3:trhi_7fgE…
    """
    return session.transactions(source_id, wallet_id, since=since, limit=limit, resume=resume)
