"""The Rehook stand-in against the two seed pages, byte for byte."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from rehook_async.sandbox import RehookApi
from tests.sandbox.wire import call
from wallet_async.sandbox import Sandbox

WALLET = ("krishna123", "waty_XbgBcerLwjoMhAGcmAHhZ")
PATH = "/wallets/customer/krishna123/transactions/waty_XbgBcerLwjoMhAGcmAHhZ"
CREDIT = {"description": "Customer have credited his wallet with 20 points", "points": 20, "type": "credit"}

RECEIPT = b"""{
"requestId": "59ab618b-3c16-9a8d-9577-db4676513188",
"txn_id": "trhi_wcufiD5LRWQ067dDhBGA9",
"id": "cust_SbwItbqREfhaj2UWdc42X",
"wallet_id": "waty_XbgBcerLwjoMhAGcmAHhZ",
"loyalty_points": 60,
"previous_loyalty_points": 40,
"points": 20,
"description": "Customer have credited his wallet with 20 points"
}"""
HISTORY = b"""[
{
"transaction_id": "trhi_7fgEcRUnVZmqF9BVadOFh",
"type": "credit",
"points": 10,
"description": "Wallet updated for redemption of code: KBLGPN",
"created_at": "2023-09-13T10:27:37.839324Z",
"updated_at": "2023-09-13T10:27:37.839324Z"
},
{
"transaction_id": "trhi_maWlb7oQKjMF2wH6A27Mc",
"type": "credit",
"points": 10,
"description": "Wallet updated for redemption of code: KBLGPN",
"created_at": "2023-09-13T10:25:26.783454Z",
"updated_at": "2023-09-13T10:25:26.783454Z"
}
]"""
NO_CUSTOMER = b"""{
"code": 404,
"message": "resource not found",
"details": "customer not found",
"request_id": "9d06ea48-1b7e-984d-9557-9e69d24233af"
}"""
NO_TYPE = b"""{
"code": 401,
"key": "type",
"message": "type field is required",
"details": "type field is required",
"request_id": "157b9904-ac33-93e2-8860-8bf9e9ba98ba"
}"""
NO_POINTS = b"""{
"code": 400,
"key": "invalid_payload",
"message": "Invalid payload",
"details": "The payload cannot be empty",
"request_id": "6b26ebac-5c04-95e8-84cb-9b7df3024055"
}"""


def page_api(request_id: str = "59ab618b-3c16-9a8d-9577-db4676513188") -> RehookApi:
    """Give the stand-in in the state that the pages show."""
    api = RehookApi(new_request_id=lambda: request_id, new_transaction_id=lambda number: "trhi_wcufiD5LRWQ067dDhBGA9")
    api.add_wallet(*WALLET, balance=40, customer_id="cust_SbwItbqREfhaj2UWdc42X")
    return api


async def test_a_credit_answers_as_on_the_page() -> None:
    """The success body equals the page's sample, and the ledger holds the movement."""
    async with Sandbox(page_api()) as sandbox:
        response = await call(sandbox, "PUT", PATH, CREDIT)
        assert (response.status, response.body) == (200, RECEIPT)
        assert [(row.wallet, row.amount) for row in sandbox.ledger.entries()] == [(WALLET, 20)]


async def test_a_history_answers_as_on_the_page() -> None:
    """Rows come newest first, in the fields and the order of the page."""
    async with Sandbox(page_api()) as sandbox:
        for name, at in (
            ("trhi_maWlb7oQKjMF2wH6A27Mc", datetime(2023, 9, 13, 10, 25, 26, 783454, UTC)),
            ("trhi_7fgEcRUnVZmqF9BVadOFh", datetime(2023, 9, 13, 10, 27, 37, 839324, UTC)),
        ):
            text = "Wallet updated for redemption of code: KBLGPN"
            sandbox.ledger.append(WALLET, "credit", 10, description=text, created_at=at, transaction_id=name)
        response = await call(sandbox, "GET", PATH)
        assert (response.status, response.body) == (200, HISTORY)
        assert (await call(sandbox, "GET", PATH + "?page=2")).body == b"[]"


@pytest.mark.parametrize(
    ("method", "path", "body", "request_id", "status", "expected"),
    [
        (
            "PUT",
            PATH.replace("krishna123", "nobody"),
            CREDIT,
            "9d06ea48-1b7e-984d-9557-9e69d24233af",
            404,
            NO_CUSTOMER,
        ),
        (
            "GET",
            PATH.replace("krishna123", "nobody"),
            None,
            "9d06ea48-1b7e-984d-9557-9e69d24233af",
            404,
            NO_CUSTOMER,
        ),
        (
            "GET",
            "/wallets/customer/krishna123/transactions",
            None,
            "a3389214-407e-94fe-ac62-6154edc0d337",
            404,
            NO_CUSTOMER.replace(b"9d06ea48-1b7e-984d-9557-9e69d24233af", b"a3389214-407e-94fe-ac62-6154edc0d337"),
        ),
        (
            "PUT",
            PATH,
            {"points": 20, "description": ""},
            "157b9904-ac33-93e2-8860-8bf9e9ba98ba",
            401,
            NO_TYPE,
        ),
        ("PUT", PATH, {"type": "credit"}, "6b26ebac-5c04-95e8-84cb-9b7df3024055", 400, NO_POINTS),
        ("PUT", PATH.replace("waty_X", "waty_Y"), CREDIT, "-", 200, b""),
        ("GET", PATH.replace("waty_X", "waty_Y"), None, "-", 200, b""),
        (
            "PUT",
            "/wallets/customer/krishna123/transactions",
            CREDIT,
            "-",
            404,
            b"Cannot PUT /wallets/customer/krishna123/transactions",
        ),
    ],
)
async def test_every_error_of_the_pages(
    method: str, path: str, body: object, request_id: str, status: int, expected: bytes
) -> None:
    """Each error sample of the two pages comes back byte for byte, and nothing is committed."""
    async with Sandbox(page_api(request_id)) as sandbox:
        response = await call(sandbox, method, path, body)
        assert (response.status, response.body) == (status, expected)
        assert sandbox.observed.commits == len(sandbox.ledger) == 0


@pytest.mark.parametrize("given", ["", "Basic bm9wZQ==", "Bearer x", "Basic \u00e9"])
async def test_wrong_credentials_get_401(given: str) -> None:
    """Without the right Basic credentials every call is refused with an envelope and a challenge."""
    async with Sandbox(page_api()) as sandbox:
        for method, path in (("PUT", PATH), ("GET", PATH), ("GET", "/wallets/customer/krishna123")):
            response = await call(sandbox, method, path, CREDIT, Authorization=given)
            assert response.status == response.json()["code"] == 401
            assert response.headers["www-authenticate"].startswith("Basic")
        assert len(sandbox.ledger) == 0


async def test_a_debit_beyond_the_balance_is_refused() -> None:
    """A debit may empty the wallet, not overdraw it."""
    async with Sandbox(RehookApi()) as sandbox:
        sandbox.api.add_wallet("k", "w", balance=Decimal("0.3"))
        debit = {"type": "debit", "points": 0.3, "description": ""}
        first = await call(sandbox, "PUT", "/wallets/customer/k/transactions/w", debit)
        second = await call(sandbox, "PUT", "/wallets/customer/k/transactions/w", debit)
        assert (first.status, first.json()["loyalty_points"]) == (200, 0.0)
        assert (second.status, second.json()["key"]) == (400, "insufficient_points")


@pytest.mark.parametrize(
    "body",
    [
        {"type": "gift", "points": 1},
        {"type": "credit", "points": 0},
        {"type": "credit", "points": -1},
        {"type": "credit", "points": True},
        {"type": "credit", "points": "20"},
        {"type": "credit", "points": 10**30},
        {"type": ["credit"], "points": 1},
        {"type": "credit", "points": 1, "description": 5},
        b'{"type": "credit", "points": NaN}',
        b'{"type": "credit", "points": 1e999999}',
        b"[" * 100_000,
        b"\xff",
    ],
)
async def test_a_wrong_body_commits_nothing(body: object) -> None:
    """What is no movement is refused with an envelope."""
    async with Sandbox(page_api()) as sandbox:
        response = await call(sandbox, "PUT", PATH, body)
        assert response.status == response.json()["code"]
        assert response.status in (400, 401)
        assert len(sandbox.ledger) == 0


async def test_pages_hold_twenty_rows_newest_first() -> None:
    """45 rows come as 20, 20 and 5; a fourth page is empty; a page that is no number is refused."""
    async with Sandbox(RehookApi()) as sandbox:
        key = sandbox.api.add_wallet("k", "w").key
        for number in range(45):
            sandbox.ledger.append(key, "credit", number + 1)
        path = "/wallets/customer/k/transactions/w"
        pages = [(await call(sandbox, "GET", f"{path}?page={page}")).json() for page in (1, 2, 3, 4)]
        assert [row["points"] for page in pages for row in page] == list(range(45, 0, -1))
        assert [len(page) for page in pages] == [20, 20, 5, 0]
        for wrong in ("0", "-1", "x", "1.5", "", "9" * 5000):
            assert (await call(sandbox, "GET", f"{path}?page={wrong}")).status == 400


async def test_the_wallets_of_a_customer() -> None:
    """The list holds the five documented fields, by either id of the customer."""
    async with Sandbox(RehookApi()) as sandbox:
        sandbox.api.add_wallet("k", "w1", customer_id="cust_1")
        sandbox.api.add_wallet("k", "w2", customer_id="cust_1")
        for name in ("k", "cust_1"):
            rows = (await call(sandbox, "GET", f"/wallets/customer/{name}")).json()
            assert [row["wallet_id"] for row in rows] == ["w1", "w2"]
        assert list(rows[0]) == [
            "wallet_id",
            "wallet_name",
            "currency",
            "singular_unit_name",
            "plural_unit_name",
        ]
        moved = await call(sandbox, "PUT", "/wallets/customer/cust_1/transactions/w2", CREDIT)
        assert moved.json()["id"] == "cust_1"
        assert sandbox.ledger.balance(("k", "w2")) == 20


async def test_the_wallets_of_a_customer_with_their_balances() -> None:
    """Where it is asked for, the list tells what each wallet holds, under the name that a receipt has for it."""
    async with Sandbox(RehookApi(balances=True)) as sandbox:
        sandbox.api.add_wallet("k", "w1", balance=40)
        sandbox.api.add_wallet("k", "w2")
        await call(sandbox, "PUT", "/wallets/customer/k/transactions/w2", CREDIT)
        rows = (await call(sandbox, "GET", "/wallets/customer/k")).json()
        assert [row["loyalty_points"] for row in rows] == [40, 20]


@pytest.mark.parametrize(
    ("empty", "status", "body"),
    [
        ("nothing", 200, b""),
        ("204", 204, b""),
        ("[]", 200, b"[]"),
        ("{}", 200, b"{}"),
        ("null", 200, b"null"),
    ],
)
async def test_every_form_of_the_empty_response(empty: str, status: int, body: bytes) -> None:
    """The page says only "empty response": each form it may take can be chosen."""
    async with Sandbox(RehookApi(empty=empty)) as sandbox:  # type: ignore[arg-type]  # a parameter of the table
        sandbox.api.add_wallet("k", "w")
        response = await call(sandbox, "PUT", "/wallets/customer/k/transactions/x", CREDIT)
        assert (response.status, response.body) == (status, body)


async def test_cannot_put_as_html() -> None:
    """Express's own page escapes what it echoes."""
    async with Sandbox(RehookApi(html_errors=True)) as sandbox:
        response = await call(sandbox, "PUT", "/wallets/<b>")
        assert response.status == 404
        assert b"<pre>Cannot PUT /wallets/&lt;b&gt;</pre>" in response.body
