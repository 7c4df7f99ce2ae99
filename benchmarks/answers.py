"""What the lean server says, in the shape of Rehook's pages "Wallet transactions" and "Update wallet"."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

PAGE_SIZE = 20
ROWS = PAGE_SIZE - 1
"""Rows of the last page of every history: one less than a page, so that no request is needed to see that it ends."""

SOURCE_ID = "krishna123"


def wallet(pages: int = 1, number: int = 0) -> str:
    """Name a wallet whose history has so many *pages*: the server reads it from the name."""
    return f"waty_{number:016}-{pages}"


def path(wallet_id: str) -> str:
    """Give the path of a wallet's history."""
    return f"/wallets/customer/{SOURCE_ID}/transactions/{wallet_id}"


def history(pages: int, page: int) -> bytes:
    """Give one page: rows as in the sample, each with an id and a moment of its own, newest first."""
    newest = datetime(2023, 9, 13, 10, 27, 37, 839324, UTC)
    begin = PAGE_SIZE * (page - 1)
    rows = []
    for number in range(begin, max(begin, min(begin + PAGE_SIZE, PAGE_SIZE * pages - 1))):
        moment = (newest - timedelta(minutes=7 * number, microseconds=131 * number)).isoformat().replace("+00:00", "Z")
        rows.append(
            {
                "transaction_id": f"trhi_7fgEcRUnVZmqF{number:08}",
                "type": "debit" if number % 4 == 3 else "credit",
                "points": 10 + number,
                "description": "Wallet updated for redemption of code: KBLGPN",
                "created_at": moment,
                "updated_at": moment,
            }
        )
    return json.dumps(rows, separators=(",", ":")).encode()


def receipt(wallet_id: str, fields: dict[str, Any]) -> bytes:
    """Give the answer to a PUT of *fields*, which it repeats."""
    return json.dumps(
        {
            "id": "user_4SvRLHRiYLrHBJTGfPGeR",
            "wallet_id": wallet_id,
            "loyalty_points": 100 + fields["points"],
            "previous_loyalty_points": 100,
            "points": fields["points"],
            "description": fields["description"],
            "txn_id": "trhi_7fgEcRUnVZmqF9BVadOFh",
            "requestId": "9d06ea48-1b7e-984d-9557-9e69d24233af",
        },
        separators=(",", ":"),
    ).encode()
