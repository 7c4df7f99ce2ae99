"""What the lean server says, in the shape of Rehook's pages "Wallet transactions" and "Update wallet"."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

ROWS = 19
"""Rows of the history: a page of 20 less one, so that one request is all of it."""

SOURCE_ID = "krishna123"
WALLET_ID = "waty_XbgBcerLwjoMhAGcmAHhZ"
PATH = f"/wallets/customer/{SOURCE_ID}/transactions/{WALLET_ID}"


def history() -> bytes:
    """Give the page: rows as in the sample, each with an id and a moment of its own, newest first."""
    newest = datetime(2023, 9, 13, 10, 27, 37, 839324, UTC)
    rows = []
    for number in range(ROWS):
        moment = (newest - timedelta(minutes=7 * number, microseconds=131 * number)).isoformat().replace("+00:00", "Z")
        rows.append(
            {
                "transaction_id": f"trhi_7fgEcRUnVZmqF9BVa{number:04}",
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
