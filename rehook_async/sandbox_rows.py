"""What Rehook's pages print: ids, error samples, rows, in the order of their fields."""

from datetime import UTC
from hashlib import sha256
from string import ascii_letters, digits
from typing import Any

from wallet_async.sandbox.ledger import Amount, Entry, LedgerWallet

_ALPHABET = digits + ascii_letters
NOT_FOUND = {"code": 404, "message": "resource not found", "details": "customer not found"}
NO_TYPE = {
    "code": 401,
    "key": "type",
    "message": "type field is required",
    "details": "type field is required",
}
NO_POINTS = {
    "code": 400,
    "key": "invalid_payload",
    "message": "Invalid payload",
    "details": "The payload cannot be empty",
}
# Invention: the pages do not say what a debit beyond the balance gives.
INSUFFICIENT = {
    "code": 400,
    "key": "insufficient_points",
    "message": "Insufficient points",
    "details": "The wallet holds fewer points",
}


def shaped_id(prefix: str, seed: int, text: str) -> str:
    """Give an id of the pages' shape: prefix, underscore, 21 letters and digits; the same for one text."""
    number = int.from_bytes(sha256(f"{prefix}|{seed}|{text}".encode("utf-8", "surrogatepass")).digest())
    letters = []
    for _ in range(21):
        number, place = divmod(number, 62)
        letters.append(_ALPHABET[place])
    return f"{prefix}_{''.join(letters)}"


def receipt(wallet: LedgerWallet, before: Amount, entry: Entry, *, wallet_id: str, request_id: str) -> dict[str, Any]:
    """Give the success body of a credit or debit."""
    return {
        "requestId": request_id,
        "txn_id": entry.transaction_id,
        "id": wallet.extra["customer_id"],
        "wallet_id": wallet_id,
        "loyalty_points": entry.balance,
        "previous_loyalty_points": before,
        "points": entry.amount,
        "description": entry.description,
    }


def history_row(entry: Entry) -> dict[str, Any]:
    """Give one row of a history."""
    moment = entry.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {
        "transaction_id": entry.transaction_id,
        "type": entry.kind,
        "points": entry.amount,
        "description": entry.description,
        "created_at": moment,
        "updated_at": moment,
    }


def wallet_row(wallet: LedgerWallet, balance: Amount | None) -> dict[str, Any]:
    """Give one row of a customer's wallets, with *balance* if there is one to show."""
    row = {
        "wallet_id": wallet.key[1],
        "wallet_name": wallet.extra["wallet_name"],
        "currency": wallet.extra["currency"],
        "singular_unit_name": "point",
        "plural_unit_name": "points",
    }
    # Invention: only the five fields above of the page are known; a receipt names the balance so.
    return row if balance is None else row | {"loyalty_points": balance}
