"""``wallet-async loyalty …``: each function is one command; its signature and docstring are what the user sees."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from loyalty_async.models import LoyaltyReceipt, LoyaltyTransaction, LoyaltyWallet
from loyalty_async.session import LoyaltySession
from wallet_async.engine.pager import Pager


async def wallet(session: LoyaltySession, wallet_number: str, *, account_number: str | None = None) -> LoyaltyWallet:
    """Show a wallet.

    Args:
        wallet_number: The wallet, such as LYT_7160182174011919319.
        account_number: The account it belongs to, if Sipay asks for it.
    """
    return await session.wallet(wallet_number, account_number=account_number)


async def credit(
    session: LoyaltySession,
    wallet_number: str,
    amount: Decimal,
    *,
    reference: str,
    currency_code: str = "TRY",
    account_number: str | None = None,
) -> LoyaltyReceipt:
    """Add points to a wallet, once.

    Args:
        wallet_number: The wallet, such as LYT_7160182174011919319.
        amount: How much, above zero.
        reference: Your own name for it, by which it can be found if its outcome is not known.
        currency_code: Currency of the wallet.
        account_number: The account it belongs to, if Sipay asks for it.
    """
    return await session.credit(
        wallet_number, amount, currency_code=currency_code, reference=reference, account_number=account_number
    )


async def debit(
    session: LoyaltySession,
    wallet_number: str,
    amount: Decimal,
    *,
    reference: str,
    currency_code: str = "TRY",
    account_number: str | None = None,
) -> LoyaltyReceipt:
    """Take points from a wallet, once.

    Args:
        wallet_number: The wallet, such as LYT_7160182174011919319.
        amount: How much, above zero.
        reference: Your own name for it, by which it can be found if its outcome is not known.
        currency_code: Currency of the wallet.
        account_number: The account it belongs to, if Sipay asks for it.
    """
    return await session.debit(
        wallet_number, amount, currency_code=currency_code, reference=reference, account_number=account_number
    )


def history(
    session: LoyaltySession,
    wallet_number: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int | None = None,
    resume: str | None = None,
) -> Pager[LoyaltyTransaction]:
    """Read a wallet's history, newest first.

    Args:
        wallet_number: The wallet, such as LYT_7160182174011919319.
        since: Only rows made at or after this moment, such as 2026-01-31T00:00:00Z.
        until: Only rows made until this moment.
        limit: At most this many rows.
        resume: Go on after a checkpoint, such as 3:6118170317107163101
    """
    return session.transactions(wallet_number, since=since, until=until, limit=limit, resume=resume)
