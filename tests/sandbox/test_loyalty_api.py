"""The Sipay stand-in against its seed page, byte for byte, and the rules of its sister pages."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

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
        ("0", ["999999999999999999999999", "999999999999999999999999.99999999"], "1999999999999999999999998.99999999"),
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
        assert wallet["number"].startswith("LYT_") and len(wallet["number"]) == 23
        info = await post(sandbox, "/v1/wallet/info", {"wallet_number": wallet["number"]})
        assert info.json()["payload"]["wallet_info"]["account_number"] == "0303"
        assert info.json()["payload"]["wallet_info"]["created_date_utc"] != wallet["created_date_utc"]
        missing = await post(sandbox, "/v1/Wallet/AddLoyaltyProgram", {})
        assert missing.json()["errors"] == ["'Account Number' must not be empty."]


async def history(sandbox: Sandbox[Any], **wanted: Any) -> list[str]:
    """Give the references of one page of the history."""
    response = await post(sandbox, HISTORY, {"order_column": "CreatedDateUtc"} | wanted)
    assert response.status == 200, response.body
    return [row["ext_transaction_id"] for row in response.json()["payload"]["results"]]


async def test_the_history_is_filtered_ordered_and_paged() -> None:
    """Wallet numbers, reference, order, page and window select as the page says."""
    now = datetime(2025, 5, 10, 12, tzinfo=UTC)
    async with Sandbox(LoyaltyApi(clock=lambda: now, first_page_index=1)) as sandbox:
        for number in ("A", "B"):
            sandbox.api.add_wallet(number, balance=100)
        for hours, wallet, kind in ((100, "A", "credit"), (50, "A", "debit"), (20, "B", "credit"), (1, "A", "credit")):
            at = now - timedelta(hours=hours)
            sandbox.ledger.append(wallet, kind, 1, reference=f"{wallet}{hours}", created_at=at)
        old = (now - timedelta(days=9)).isoformat()
        assert await history(sandbox) == ["A50", "B20", "A1"]  # three days, unless told
        assert await history(sandbox, start_date=old, order_by="desc") == ["A1", "B20", "A50", "A100"]
        assert await history(sandbox, start_date=old, end_date="2025-05-09T00:00:00Z") == ["A100", "A50"]
        assert await history(sandbox, start_date=old, to_wallet_number="A") == ["A100", "A1"]
        assert await history(sandbox, from_wallet_number="A") == ["A50"]
        assert await history(sandbox, from_wallet_number="A", to_wallet_number="A") == ["A50", "A1"]
        assert await history(sandbox, wallet_number="B") == ["B20"]
        assert await history(sandbox, ext_transaction_id="A1") == ["A1"]
        assert await history(sandbox, ext_transaction_id="A1", wallet_number="B") == []
        assert await history(sandbox, page_size=2, page_index=2) == ["A1"]


@pytest.mark.parametrize(
    "wanted",
    [
        {"order_column": ""},
        {"order_by": "up"},
        {"page_size": 0},
        {"page_index": -1},
        {"start_date": "yesterday"},
        {"end_date": 5},
        {"wallet_number": 5},
    ],
)
async def test_a_wrong_filter_is_refused(wanted: dict[str, Any]) -> None:
    """A field of a filter that cannot be read gets the validation envelope, not a guess."""
    async with Sandbox(LoyaltyApi()) as sandbox:
        response = await post(sandbox, HISTORY, {"order_column": "CreatedDateUtc"} | wanted)
        assert (response.status, response.json()["code"]) == (400, "999")


async def test_a_row_of_the_history_names_its_side() -> None:
    """Amounts keep their zeros, dates have seven digits, a credit goes to the wallet."""
    at = datetime(2025, 5, 1, 9, tzinfo=UTC)
    async with Sandbox(LoyaltyApi(clock=lambda: at)) as sandbox:
        sandbox.api.add_wallet(NUMBER)
        await post(sandbox, INCREASE, movement(tx_group_correlation_id=10**19))
        response = await post(sandbox, HISTORY, {"order_column": "CreatedDateUtc"})
        assert b'"tx_base_amount": 25.00,' in response.body
        assert b'"created_date_utc": "2025-05-01T09:00:00.0000001+00:00"' in response.body
        (row,) = response.json()["payload"]["results"]
        assert (row["to_wallet_number"], row["from_wallet_number"]) == (NUMBER, None)
        assert row["tx_group_correlation_id"] == 10**19


async def token(sandbox: Sandbox[Any], **fields: str) -> Response:
    """Ask for a token."""
    form = {"grant_type": "client_credentials", "client_id": "id", "client_secret": "s3cret", "scope": "x"} | fields
    return await post(sandbox, "/connect/token", urlencode(form).encode())


async def test_client_credentials() -> None:
    """A token opens the calls until it expires or is revoked; the reply has the documented fields."""
    now = datetime(2025, 5, 1, tzinfo=UTC)
    api = page_api(client_id="id", client_secret="s3cret", expires_in=60, clock=lambda: now)
    async with Sandbox(api) as sandbox:
        reply = await token(sandbox)
        assert list(reply.json()) == ["access_token", "token_type", "expires_in", "scope"]
        bearer = {"Authorization": f"Bearer {reply.json()['access_token']}"}
        assert (await post(sandbox, INCREASE, movement())).status == 401
        assert (await post(sandbox, INCREASE, movement(), **bearer)).status == 200
        now += timedelta(seconds=60)
        assert (await post(sandbox, INCREASE, movement(), **bearer)).status == 401
        bearer = {"Authorization": f"Bearer {(await token(sandbox)).json()['access_token']}"}
        assert (await post(sandbox, INCREASE, movement(), **bearer)).status == 200
        sandbox.api.revoke_tokens()
        refused = await post(sandbox, INCREASE, movement(), **bearer)
        assert (refused.status, refused.headers["www-authenticate"][:6]) == (401, "Bearer")
        assert sandbox.observed.commits == 2


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_id": "é"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"scope": "y"}, "invalid_scope"),
    ],
)
async def test_a_token_is_refused(fields: dict[str, str], error: str) -> None:
    """A wrong client, grant or scope gets the error of RFC 6749."""
    async with Sandbox(LoyaltyApi(client_id="id", client_secret="s3cret", scope="x")) as sandbox:
        response = await token(sandbox, **fields)
        assert (response.status, response.json()) == (400, {"error": error})


async def test_a_fixed_bearer_and_unknown_paths() -> None:
    """A static token opens the calls; another method gets 405, another path 404."""
    async with Sandbox(page_api(bearer="fixed")) as sandbox:
        assert (await post(sandbox, INCREASE, movement(), Authorization="Bearer fixed")).status == 200
        assert (await post(sandbox, INCREASE, movement(), Authorization="Bearer other")).status == 401
        assert (await call(sandbox, "GET", INCREASE)).status == 405
        assert (await call(sandbox, "POST", "/v1/Wallet/Nothing")).status == 404


def test_options_are_checked_at_once() -> None:
    """A half-given client or a number out of bounds fails when the API is made."""
    for options in ({"client_id": "x"}, {"failure_status": 99}, {"first_page_index": 2}, {"expires_in": 0}):
        with pytest.raises(ValueError, match="client_id|failure_status|expires_in"):
            LoyaltyApi(**options)  # type: ignore[arg-type]
