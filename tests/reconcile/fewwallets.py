"""Five wallets, six lines of a ledger, and three differences."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from rehook_async.provider import provider
from wallet_async.sandbox import Sandbox

KEYS = ("sandbox-api-key", "sandbox-secret-key")

LEDGER = """\
source_id,wallet_id,kind,amount,created_at,reference
ada,waty_a,credit,20,2026-11-01T10:00:00Z,order-1
ada,waty_a,debit,5.50,2026-11-01T11:00:00Z,order-2
bob,waty_b,credit,7,2026-11-02T10:00:00Z,order-3
cyd,waty_c,credit,100,2026-11-02T11:00:00Z,order-4
dee,waty_d,credit,1,2026-11-03T10:00:00Z,order-5
eve,waty_e,credit,2,2026-11-03T11:00:00Z,order-6
"""


def fill(sandbox: Sandbox) -> None:
    """Book what the ledger says, but for: order-1 twice, order-3 not at all, order-4 with 10 less."""
    booked = {
        "ada": [("credit", "20", 1, "order-1"), ("credit", "20", 1, "order-1"), ("debit", "5.50", 1, "order-2")],
        "bob": [],
        "cyd": [("credit", "90", 2, "order-4")],
        "dee": [("credit", "1", 3, "order-5")],
        "eve": [("credit", "2", 3, "order-6")],
    }
    for name, rows in booked.items():
        key = (name, f"waty_{name[0]}")
        sandbox.api.add_wallet(*key, balance=0)
        for kind, amount, day, reference in rows:
            sandbox.api.ledger.append(
                key,
                kind,
                Decimal(amount),
                description=provider.mark(reference),
                created_at=datetime(2026, 11, day, 10, 30, tzinfo=UTC),
            )
