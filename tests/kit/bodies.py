"""Canned bodies of both providers, after their pages; the error bodies say what the pages say."""

from __future__ import annotations

import json
from decimal import Decimal

REHOOK_WALLET = "waty_XbgBcerLwjoMhAGcmAHhZ"
LOYALTY_WALLET = "LYT_7160182174011919319"

REHOOK_NO_CUSTOMER = b"""{
"code": 404,
"message": "resource not found",
"details": "customer not found",
"request_id": "9d06ea48-1b7e-984d-9557-9e69d24233af"
}"""
REHOOK_NO_TYPE = b"""{
"code": 401,
"key": "type",
"message": "type field is required",
"details": "type field is required",
"request_id": "157b9904-ac33-93e2-8860-8bf9e9ba98ba"
}"""
REHOOK_NO_POINTS = b"""{
"code": 400,
"key": "invalid_payload",
"message": "Invalid payload",
"details": "The payload cannot be empty",
"request_id": "6b26ebac-5c04-95e8-84cb-9b7df3024055"
}"""
REHOOK_NO_ROUTE = b"Cannot PUT /wallets/customer/krishna123/transactions"
LOYALTY_NO_REFERENCE = b"""{
"status": 1,
"code": "999",
"message": "'Ext Transaction Id' must not be empty.",
"errors": [
"'Ext Transaction Id' must not be empty."
]
}"""
HTML = b"<html><head><title>Oops</title></head><body><h1>Something is in the way</h1></body></html>"


def rehook_receipt(
    *,
    points: Decimal | int = 20,
    wallet_id: str = REHOOK_WALLET,
    description: str = "",
    kind: str = "credit",
    previous: Decimal | int = 40,
    transaction_id: str = "trhi_wcufiD5LRWQ067dDhBGA9",
) -> bytes:
    """Build the answer to a credit or debit of `points` on a balance of `previous` points."""
    balance = previous + points if kind == "credit" else previous - points
    return f"""{{
"requestId": "59ab618b-3c16-9a8d-9577-db4676513188",
"txn_id": {json.dumps(transaction_id)},
"id": "cust_SbwItbqREfhaj2UWdc42X",
"wallet_id": {json.dumps(wallet_id)},
"loyalty_points": {_number(balance)},
"previous_loyalty_points": {_number(previous)},
"points": {_number(points)},
"description": {json.dumps(description)}
}}""".encode()


def _number(value: Decimal | int) -> str:
    """Write a number with the digits it has, never with an exponent."""
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def rehook_history(rows: int, *, start: int = 0, descriptions: dict[int, str] | None = None) -> bytes:
    """Build a history page of `rows` rows, newest first, the first of them being row `start`."""
    texts = descriptions or {}
    return json.dumps(
        [
            {
                "transaction_id": f"trhi_{number:021d}",
                "type": "credit",
                "points": 10,
                "description": texts.get(number, "Wallet updated for redemption of code: KBLGPN"),
                "created_at": f"2023-09-13T10:27:37.{999_999 - number:06d}Z",
                "updated_at": f"2023-09-13T10:27:37.{999_999 - number:06d}Z",
            }
            for number in range(start, start + rows)
        ]
    ).encode()


def rehook_error(code: int, *, details: str = "refused") -> bytes:
    """Build an error body in the shape of Rehook's pages."""
    fields = {"code": code, "message": details, "details": details, "request_id": "a3389214-407e-94fe-ac62"}
    return json.dumps(fields).encode()


def loyalty_wallet(*, wallet_number: str = LOYALTY_WALLET, balance: Decimal | int = 1000) -> str:
    """Write the wallet object of a loyalty payload, amounts with their trailing zeros as on the page."""
    amount = f"{balance:f}" if isinstance(balance, Decimal) else f"{balance}.00"
    limits = ", ".join(
        f'"{name}": 50000.0000'
        for name in (
            "max_balance",
            "topup_credit_limit",
            "topup_cash_limit",
            "withdrawal_limit",
            "payment_limit",
            "wallet_to_wallet_limit",
        )
    )
    return f"""{{
"id": "6118170317107163101", "name": "", "account_number": "0202", "account_type": "Bireysel",
"created_date_utc": "2022-06-02T13:43:32.6738595+00:00", "number": {json.dumps(wallet_number)},
"phone_country_code": null, "phone_number": null, "email": null, "total_balance": {amount},
"monthly_incoming_total": 0.0, "monthly_outgoing_total": 0.0,
"access_level_status_id": 1, "access_level_status": "Aktif",
"payment_balance": {{"available": {amount}, "unavailable": 0.00}},
"cash_balance": {{"available": 0.00, "unavailable": 0.00}}, "transaction_limits": {{{limits}}},
"kyc_level_status": null, "currency_code": "TRY", "user_kyc_info": null, "is_topup_default": false,
"tax_number": null, "loyalty_record_required": false
}}"""


def loyalty_envelope(payload: str) -> bytes:
    """Wrap a payload, given as JSON text, into Sipay's success envelope."""
    return f'{{"status": 0, "code": "100", "message": "İşlem başarılı", "payload": {payload}}}'.encode()


def loyalty_success(
    *,
    wallet_number: str = LOYALTY_WALLET,
    amount: Decimal | int = 25,
    previous: Decimal | int = 1000,
    kind: str = "credit",
) -> bytes:
    """Build the answer to an increase or decrease by `amount` of a balance of `previous`."""
    balance = previous + amount if kind == "credit" else previous - amount
    return loyalty_envelope(loyalty_wallet(wallet_number=wallet_number, balance=balance))


def loyalty_error(code: str, *, status: int = 2, message: str = "İşlem reddedildi") -> bytes:
    """Build a failure envelope; `status` 1 was seen for validation, 2 for business refusals."""
    fields = {"status": status, "code": code, "message": message, "errors": [message]}
    return json.dumps(fields, ensure_ascii=False).encode()
