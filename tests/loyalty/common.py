"""What the loyalty tests share: one wallet, a sandbox with it, and a session that does not wait."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from loyalty_async import LoyaltyReceipt, LoyaltySession, RetryPolicy
from loyalty_async.sandbox import LoyaltyApi
from tests.kit import bodies

WALLET = bodies.LOYALTY_WALLET
OTHER = "LYT_0000000000000000002"
DAY = timedelta(days=1)
URL = "https://stsapiuat.walletgate.io"
"""The address of the pages; only aioresponses answers there."""


def session(url: str = URL, **options: Any) -> LoyaltySession:
    """Make a session that repeats nothing on its own, unless told otherwise."""
    return LoyaltySession(url, **{"retry": RetryPolicy(attempts=1)} | options)


def stand_in(**options: Any) -> LoyaltyApi:
    """Make an API with two wallets of 1000."""
    api = LoyaltyApi(**options)
    for number in (WALLET, OTHER):
        api.add_wallet(number, balance=Decimal("1000.00"))
    return api


async def credit(
    loyalty: LoyaltySession, amount: int | Decimal = 25, reference: str = "order-1847", **options: Any
) -> LoyaltyReceipt:
    """Credit `WALLET`."""
    arguments = {"wallet_number": WALLET, "currency_code": "TRY"} | options
    return await loyalty.credit(amount=amount, reference=reference, **arguments)


def book(api: LoyaltyApi, count: int, wallet: str = WALLET, **fields: Any) -> list[str]:
    """Book *count* credits; give their ids, newest first."""
    entries = [api.ledger.append(wallet, "credit", Decimal("1.00"), **fields) for _ in range(count)]
    return [entry.transaction_id for entry in reversed(entries)]
