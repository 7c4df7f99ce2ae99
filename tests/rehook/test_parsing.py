"""Answers that are a success, in every spelling the pages use (aioresponses: parsing only, no socket)."""

from decimal import Decimal

import pytest
from aioresponses import aioresponses

from rehook_async import OutcomeUnknownError, RehookSession, RetryPolicy
from tests.kit import bodies

pytestmark = pytest.mark.usefixtures("either_decoder")

URL = "https://api.rehook.ai/wallets/customer/krishna123"
HISTORY = f"{URL}/transactions/{bodies.REHOOK_WALLET}"


@pytest.fixture
async def rehook():
    """Give a session on the real address, with aioresponses in front of it."""
    async with RehookSession("api-key", "secret-key", retry=RetryPolicy(attempts=1)) as session:
        yield session


@pytest.mark.parametrize("request_id", ["requestId", "request_id"])
@pytest.mark.parametrize("transaction_id", ["txn_id", "transaction_id"])
async def test_two_names_of_one_field_are_one(rehook: RehookSession, request_id: str, transaction_id: str) -> None:
    """`requestId`/`request_id` and `txn_id`/`transaction_id` (S1 sample and table, S2) are read alike."""
    body = bodies.rehook_receipt(description="hello")
    body = body.replace(b'"requestId"', f'"{request_id}"'.encode()).replace(b'"txn_id"', f'"{transaction_id}"'.encode())
    with aioresponses() as mocked:
        mocked.put(HISTORY, body=body)
        receipt = await rehook.credit("krishna123", bodies.REHOOK_WALLET, 20, description="hello")
    assert receipt.request_id == "59ab618b-3c16-9a8d-9577-db4676513188"
    assert receipt.transaction_id == "trhi_wcufiD5LRWQ067dDhBGA9"
    assert (receipt.previous_balance, receipt.points, receipt.balance) == (40, 20, 60)
    assert receipt.adds_up


@pytest.mark.parametrize(
    ("field", "value"),
    [("points", b"21"), ("wallet_id", b'"waty_other"'), ("description", b'"HELLO"'), ("points", b'"20"')],
)
async def test_an_answer_that_does_not_repeat_what_was_sent_is_no_receipt(
    rehook: RehookSession, field: str, value: bytes
) -> None:
    """A wrong echo of wallet, points or description leaves the outcome unknown."""
    right = {"points": b"20", "wallet_id": f'"{bodies.REHOOK_WALLET}"'.encode(), "description": b'"hello"'}[field]
    body = bodies.rehook_receipt(description="hello")
    wrong = body.replace(b'"%s": %s' % (field.encode(), right), b'"%s": %s' % (field.encode(), value))
    assert wrong != body
    with aioresponses() as mocked:
        mocked.put(HISTORY, body=wrong)
        with pytest.raises(OutcomeUnknownError):
            await rehook.credit("krishna123", bodies.REHOOK_WALLET, 20, description="hello")


async def test_balances_that_do_not_differ_by_the_movement_are_flagged_not_refused(rehook: RehookSession) -> None:
    """Another movement may be booked in the same moment: the receipt stands, and says that it does not add up."""
    body = bodies.rehook_receipt().replace(b'"loyalty_points": 60', b'"loyalty_points": 75')
    with aioresponses() as mocked:
        mocked.put(HISTORY, body=body)
        receipt = await rehook.credit("krishna123", bodies.REHOOK_WALLET, 20)
    assert not receipt.adds_up


async def test_points_with_a_point_are_exact(rehook: RehookSession) -> None:
    """A decimal comes back with its digits, never through a float."""
    points = Decimal("12345678901234567.89")
    with aioresponses() as mocked:
        mocked.put(HISTORY, body=bodies.rehook_receipt(points=points, previous=Decimal("0.30")))
        receipt = await rehook.credit("krishna123", bodies.REHOOK_WALLET, points)
    assert receipt.points == points
    assert receipt.balance == Decimal("12345678901234568.19")


async def test_a_wallet_keeps_fields_nobody_documented(rehook: RehookSession) -> None:
    """R1's tail was never seen: what is not known is kept under its own name, and no balance is invented."""
    body = b'[{"wallet_id": "waty_1", "wallet_name": "Krishna", "currency": "INR", "tier": {"level": 3}}]'
    with aioresponses() as mocked:
        mocked.get(URL, body=body)
        (wallet,) = await rehook.wallets("krishna123")
    assert (wallet.wallet_id, wallet.wallet_name, wallet.balance) == ("waty_1", "Krishna", None)
    assert wallet.extra == {"tier": {"level": 3}}


async def test_tomorrows_rows_are_read(rehook: RehookSession) -> None:
    """A new type stays a string, a new field is ignored, a null description is an empty one."""
    row = bodies.rehook_history(1).replace(b'"credit"', b'"expiry"').replace(b'"points"', b'"new": [], "points"')
    row = row.replace(b'"Wallet updated for redemption of code: KBLGPN"', b"null")
    with aioresponses() as mocked:
        mocked.get(f"{HISTORY}?page=1", body=row)
        (transaction,) = await rehook.transactions("krishna123", bodies.REHOOK_WALLET).collect()
    assert (transaction.type, transaction.description, transaction.points) == ("expiry", "", 10)


async def test_one_bad_row_is_named_and_no_page_is_cut_short(rehook: RehookSession) -> None:
    """A row that does not fit raises with its index and field; the rows before it are no shorter page."""
    body = bodies.rehook_history(5).replace(b'"points": 10', b'"points": "10"', 4).replace(b'"10"', b"10", 3)
    with aioresponses() as mocked:
        mocked.get(f"{HISTORY}?page=1", body=body)
        with pytest.raises(Exception, match=r"expected a number, got the string '10' at \$\[3\]\.points"):
            await rehook.transactions("krishna123", bodies.REHOOK_WALLET).collect()
