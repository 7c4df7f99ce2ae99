"""The Sipay stand-in against its seed page, byte for byte, and the rules of its sister pages."""

import re
from decimal import Decimal
from typing import Any

import pytest

from loyalty_async.sandbox import LoyaltyApi
from tests.sandbox.wire import Response, call
from wallet_async.sandbox import Sandbox

NUMBER = "LYT_7160182174011919319"
INCREASE = "/v1/Wallet/IncreaseLoyaltyBalance"
DECREASE = "/v1/Wallet/DecreaseLoyaltyBalance"
HISTORY = "/v1/TransactionData/SummaryRecordByFilter"

SUCCESS = """{
"status": 0,
"code": "100",
"message": "İşlem başarılı",
"payload": {
"id": "6118170317107163101",
"name": "",
"account_number": "0202",
"account_type": "Bireysel",
"created_date_utc": "2022-06-02T13:43:32.6738595+00:00",
"number": "LYT_7160182174011919319",
"phone_country_code": null,
"phone_number": null,
"email": null,
"total_balance": 1025.00,
"monthly_incoming_total": 0.0,
"monthly_outgoing_total": 0.0,
"access_level_status_id": 1,
"access_level_status": "Aktif",
"payment_balance": {
"available": 1025.00,
"unavailable": 0.00
},
"cash_balance": {
"available": 0.00,
"unavailable": 0.00
},
"transaction_limits": {
"max_balance": 50000.0000,
"topup_credit_limit": 50000.0000,
"topup_cash_limit": 50000.0000,
"withdrawal_limit": 50000.0000,
"payment_limit": 50000.0000,
"wallet_to_wallet_limit": 50000.0000
},
"kyc_level_status": null,
"currency_code": "TRY",
"user_kyc_info": null,
"is_topup_default": false,
"tax_number": null,
"loyalty_record_required": false
}
}"""
FAIL = b"""{
"status": 1,
"code": "999",
"message": "'Ext Transaction Id' must not be empty.",
"errors": [
"'Ext Transaction Id' must not be empty."
]
}"""


def movement(**changes: Any) -> dict[str, Any]:
    """Give the page's request, with *changes*; None removes a field."""
    body = {
        "wallet_number": NUMBER,
        "amount": 25,
        "currency_code": "TRY",
        "ext_transaction_id": "51464813",
        "hash_key": "",
    } | changes
    return {name: value for name, value in body.items() if value is not None}


def page_api(**options: Any) -> LoyaltyApi:
    """Give the stand-in in the state that the page shows."""
    api = LoyaltyApi(**options)
    created = "2022-06-02T13:43:32.6738595+00:00"
    opening = Decimal("1000.00")
    api.add_wallet(NUMBER, balance=opening, wallet_id="6118170317107163101", created_date_utc=created)
    return api


async def post(sandbox: Sandbox[Any], path: str, body: object, **headers: str) -> Response:
    """POST without Rehook's credentials."""
    return await call(sandbox, "POST", path, body, Authorization=headers.pop("Authorization", "none"), **headers)


async def test_an_increase_answers_as_on_the_page() -> None:
    """Envelope, order, Turkish text and trailing zeros equal the page's sample."""
    async with Sandbox(page_api()) as sandbox:
        response = await post(sandbox, INCREASE, movement())
        assert response.status == 200
        assert response.body.decode() == SUCCESS
        (entry,) = sandbox.ledger.entries(NUMBER)
        assert (entry.kind, entry.amount, entry.reference) == ("credit", 25, "51464813")
        after = await post(sandbox, DECREASE, movement(amount=10, ext_transaction_id="2"))
        assert b'"total_balance": 1015.00' in after.body


async def test_a_missing_reference_fails_as_on_the_page() -> None:
    """The fail response equals the page's sample; absent, null, empty and blank are the same."""
    async with Sandbox(page_api()) as sandbox:
        for value in (None, "", "  "):
            response = await post(sandbox, INCREASE, movement(ext_transaction_id=value))
            assert (response.status, response.body) == (400, FAIL)
        assert len(sandbox.ledger) == 0


@pytest.mark.parametrize("name", ["wallet_number", "amount", "currency_code"])
async def test_every_mandatory_field_is_asked_for(name: str) -> None:
    """The other mandatory fields follow the page's pattern."""
    async with Sandbox(page_api(failure_status=200)) as sandbox:
        response = await post(sandbox, DECREASE, movement(**{name: None}))
        text = f"'{name.replace('_', ' ').title()}' must not be empty."
        assert response.status == 200
        assert response.json() == {"status": 1, "code": "999", "message": text, "errors": [text]}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"wallet_number": "LYT_9"}, "300"),
        ({"amount": Decimal("1000.01")}, "311"),
        ({"amount": 0}, "999"),
        ({"amount": -1}, "999"),
        ({"amount": "25"}, "999"),
        ({"amount": True}, "999"),
        ({"currency_code": "USD"}, "999"),
        ({"wallet_number": 5}, "999"),
        ({"tx_group_correlation_id": "x"}, "999"),
    ],
)
async def test_what_cannot_be_done_is_refused(changes: dict[str, Any], code: str) -> None:
    """An unknown wallet is 300, a low balance 311, a wrong field 999; nothing is committed."""
    async with Sandbox(page_api()) as sandbox:
        if isinstance(changes.get("amount"), Decimal):
            changes = {"amount": float(changes["amount"])}
        response = await post(sandbox, DECREASE, movement(**changes))
        assert (response.status, response.json()["code"]) == (400, code)
        assert len(sandbox.ledger) == 0


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"null"])
async def test_what_is_no_object_is_refused(body: bytes) -> None:
    """A body that is no JSON object gets the validation envelope."""
    async with Sandbox(page_api()) as sandbox:
        assert (await post(sandbox, INCREASE, body)).json()["code"] == "999"


async def test_a_repeated_reference_counts_twice_unless_asked_otherwise() -> None:
    """De-duplication is not documented for loyalty: off by default, 301 with `deduplicate`."""
    for deduplicate, commits, code in ((False, 2, "100"), (True, 1, "301")):
        async with Sandbox(page_api(deduplicate=deduplicate)) as sandbox:
            await post(sandbox, INCREASE, movement())
            response = await post(sandbox, INCREASE, movement())
            assert (sandbox.observed.commits, response.json()["code"]) == (commits, code)


@pytest.mark.parametrize(
    ("opening", "amounts", "printed"),
    [
        ("0", ["12345678901234567.89"], "12345678901234567.89"),
        ("0.1", ["0.2"], "0.30"),
        (
            "0",
            ["999999999999999999999999", "999999999999999999999999.99999999"],
            "1999999999999999999999998.99999999",
        ),
        ("0", ["1e3"], "1000.00"),
        ("1.2345", ["0.00005"], "1.23455"),
    ],
)
async def test_amounts_are_exact(opening: str, amounts: list[str], printed: str) -> None:
    """No float stands between the wire and the ledger, and no exponent is printed."""
    async with Sandbox(LoyaltyApi()) as sandbox:
        sandbox.api.add_wallet(NUMBER, balance=Decimal(opening))
        for amount in amounts:
            body = b'{"wallet_number": "%b", "amount": %b, "currency_code": "TRY", "ext_transaction_id": "1"}'
            response = await post(sandbox, INCREASE, body % (NUMBER.encode(), amount.encode()))
        assert f'"total_balance": {printed},\n'.encode() in response.body


async def test_a_program_opens_a_wallet() -> None:
    """The new wallet has a number of the documented shape and no creation date in this answer."""
    async with Sandbox(LoyaltyApi()) as sandbox:
        wallet = (await post(sandbox, "/v1/Wallet/AddLoyaltyProgram", {"account_number": "0303"})).json()["payload"]
        assert wallet["created_date_utc"] == "0001-01-01T00:00:00+00:00"
        assert re.fullmatch(r"LYT_\d{19}", wallet["number"])
        info = await post(sandbox, "/v1/wallet/info", {"wallet_number": wallet["number"]})
        assert info.json()["payload"]["wallet_info"]["account_number"] == "0303"
        assert info.json()["payload"]["wallet_info"]["created_date_utc"] != wallet["created_date_utc"]
        missing = await post(sandbox, "/v1/Wallet/AddLoyaltyProgram", {})
        assert missing.json()["errors"] == ["'Account Number' must not be empty."]


def test_options_are_checked_at_once() -> None:
    """A half-given client or a number out of bounds fails when the API is made."""
    for options in ({"client_id": "x"}, {"failure_status": 99}, {"first_page_index": 2}, {"expires_in": 0}):
        with pytest.raises(ValueError, match=r"client_id|failure_status|expires_in"):
            LoyaltyApi(**options)
