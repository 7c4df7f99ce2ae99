"""Answers that are a success, in every form the pages use (aioresponses: parsing only, no socket)."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import attrs
import pytest
from aioresponses import aioresponses

import loyalty_async.wire
from loyalty_async import (
    Balance,
    LoyaltyReceipt,
    LoyaltySession,
    LoyaltyTransaction,
    LoyaltyWallet,
    OutcomeUnknownError,
)
from tests.kit import bodies
from tests.loyalty.common import URL, WALLET, credit, session
from wallet_async.engine import codec
from wallet_async.engine.structure import Decoder

pytestmark = pytest.mark.usefixtures("either_decoder")

HISTORY = f"{URL}/v1/TransactionData/SummaryRecordByFilter"
PERSON = {"first_name": "Ayşe", "last_name": "Yılmaz", "birth_year": 1990, "national_id": "10000000146"}


@pytest.fixture
async def loyalty():
    """Give a session on the pages' address, with aioresponses in front of it."""
    async with session() as opened:
        yield opened


async def received(loyalty: LoyaltySession, wallet: str | dict[str, Any]) -> LoyaltyReceipt:
    """Credit, answered with *wallet* as the payload."""
    payload = wallet if isinstance(wallet, str) else json.dumps(wallet, ensure_ascii=False)
    with aioresponses() as mocked:
        mocked.post(f"{URL}/v1/Wallet/IncreaseLoyaltyBalance", body=bodies.loyalty_envelope(payload))
        return await credit(loyalty)


def page_wallet(**changes: Any) -> dict[str, Any]:
    """Give the page's wallet with *changes*; `...` takes a field away."""
    fields = json.loads(bodies.loyalty_wallet(), parse_float=str) | changes
    return {name: value for name, value in fields.items() if value is not ...}


async def test_the_page_sample_is_read_whole(loyalty: LoyaltySession) -> None:
    """Every field of S3's answer: ids as text, amounts exact, seven fractional digits, Turkish words."""
    receipt = await received(loyalty, bodies.loyalty_wallet(balance=1025))
    assert attrs.evolve(receipt, wallet=None) == LoyaltyReceipt(
        wallet_number=WALLET, type="credit", amount=25, reference="order-1847", wallet=None
    )
    wallet = receipt.wallet
    assert wallet == LoyaltyWallet(
        id="6118170317107163101",
        name="",
        account_number="0202",
        account_type="Bireysel",
        created_date_utc=datetime(2022, 6, 2, 13, 43, 32, 673860, tzinfo=UTC),
        number=WALLET,
        total_balance=Decimal("1025.00"),
        monthly_incoming_total=Decimal("0.0"),
        monthly_outgoing_total=Decimal("0.0"),
        access_level_status_id=1,
        access_level_status="Aktif",
        payment_balance=Balance(available=Decimal("1025.00"), unavailable=Decimal("0.00")),
        cash_balance=Balance(available=Decimal("0.00"), unavailable=Decimal("0.00")),
        transaction_limits=wallet.transaction_limits,
        currency_code="TRY",
        is_topup_default=False,
        loyalty_record_required=False,
    )
    assert {str(limit) for limit in attrs.astuple(wallet.transaction_limits)} == {"50000.0000"}
    assert str(wallet.total_balance) == "1025.00"


async def test_a_payload_may_be_a_list_of_one(loyalty: LoyaltySession) -> None:
    """The table declares a list, the sample shows one object: they are one thing."""
    assert await received(loyalty, f"[{bodies.loyalty_wallet()}]") == await received(loyalty, bodies.loyalty_wallet())


@pytest.mark.parametrize(
    "balance",
    [
        {"available": "7.10", "unavailable": "0.05"},
        {"avaiable": "7.10", "unavaiable": "0.05"},
        {"available": "7.10", "unavailble": "0.05"},
        {"avaiable": "999", "available": "7.10", "unavailble": "999", "unavaiable": "999", "unavailable": "0.05"},
    ],
)
async def test_balances_are_read_in_every_spelling(loyalty: LoyaltySession, balance: dict[str, str]) -> None:
    """`avaiable`, `unavaiable` and `unavailble` mean what they should; where both stand, the right one counts."""
    wallet = (await received(loyalty, page_wallet(payment_balance=balance, cash_balance=balance))).wallet
    expected = Balance(available=Decimal("7.10"), unavailable=Decimal("0.05"))
    assert wallet.payment_balance == wallet.cash_balance == expected


async def test_sabotage_without_the_spellings_a_balance_is_lost(
    loyalty: LoyaltySession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader that knows the samples only finds nothing under the tables' names."""
    monkeypatch.setattr(loyalty_async.wire, "_SPELLINGS", {"available": (), "unavailable": ()})
    wallet = (await received(loyalty, page_wallet(payment_balance={"avaiable": "7.10"}))).wallet
    assert wallet.payment_balance == Balance()


@pytest.mark.parametrize("text", ["1025", "1025.00", "12345678901234567.89", "0.30", "-3.10"])
async def test_amounts_are_exact_as_numbers_and_as_text(loyalty: LoyaltySession, text: str) -> None:
    """A quoted number is the same number, with every digit."""
    for shown in (text, f'"{text}"'):
        body = bodies.loyalty_wallet().replace('"total_balance": 1000.00', f'"total_balance": {shown}')
        balance = (await received(loyalty, body)).wallet.total_balance
        assert (type(balance), str(balance)) == (Decimal, text)


@pytest.mark.parametrize(
    "text", ["1.025,00", "7234,00", "1 025", "", "1e3", "NaN", "\u0667", "0x10", "1_000", "+5", " 5"]
)
async def test_a_number_that_is_none_is_refused(loyalty: LoyaltySession, text: str) -> None:
    """A decimal comma is not guessed at: the credit's outcome is unknown, and the reason names the field."""
    with pytest.raises(OutcomeUnknownError, match=r"at \$\.total_balance"):
        await received(loyalty, page_wallet(total_balance=text))


async def test_sabotage_a_comma_read_as_a_point_is_another_amount(
    loyalty: LoyaltySession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the refusal is for: 1.025,00 read by a lenient parser is no error, and wrong a thousandfold."""

    @attrs.frozen
    class Lenient:
        number: str
        id: str
        total_balance: Any = attrs.field(metadata={"take": lambda value: Decimal(value.split(",")[0])})

    monkeypatch.setattr(loyalty_async.wire, "_wallet", Decoder(Lenient))
    assert (await received(loyalty, page_wallet(total_balance="1.025,00"))).wallet.total_balance == Decimal("1.025")


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+00:00", "0001-01-01T00:00:00Z", None, ...])
async def test_a_date_that_is_not_set_is_none(loyalty: LoyaltySession, text: Any) -> None:
    """.NET's year 1, null and nothing are "not set"."""
    assert (await received(loyalty, page_wallet(created_date_utc=text))).wallet.created_date_utc is None


async def test_ids_are_text_whatever_json_says(loyalty: LoyaltySession) -> None:
    """Nineteen digits as a number lose none; an account keeps its leading zero."""
    wallet = (await received(loyalty, page_wallet(id=6118170317107163101, tenant_id=1))).wallet
    assert (wallet.id, wallet.tenant_id, wallet.account_number) == ("6118170317107163101", "1", "0202")


async def test_tomorrows_fields_are_kept_and_missing_ones_are_none(loyalty: LoyaltySession) -> None:
    """A wallet needs its id, its number and its balance; the rest may go, and more may come."""
    short = {"id": "1", "number": WALLET, "total_balance": 5, "fast_iban": "TR00", "extra": [1]}
    wallet = (await received(loyalty, short)).wallet
    assert wallet.extra == {"fast_iban": "TR00", "extra": [1]}
    assert (wallet.account_type, wallet.cash_balance, wallet.is_topup_default) == (None, None, None)


@pytest.mark.parametrize(
    "changes",
    [{"id": ...}, {"number": ...}, {"total_balance": None}, {"is_topup_default": "false"}, {"cash_balance": []}],
)
async def test_a_wallet_that_does_not_fit_is_no_receipt(loyalty: LoyaltySession, changes: dict[str, Any]) -> None:
    """What is missing or of another kind leaves the outcome unknown."""
    with pytest.raises(OutcomeUnknownError):
        await received(loyalty, page_wallet(**changes))


async def test_wallet_info_is_unwrapped(loyalty: LoyaltySession) -> None:
    """`payload.wallet_info` holds the same wallet, with tenant and personal data; a status may be a number."""
    info = page_wallet(user_kyc_info=PERSON, tenant_id=7, access_level_status=Decimal(1))
    body = codec.dumps({"status": 0, "code": "100", "message": None, "payload": {"wallet_info": info}})
    with aioresponses() as mocked:
        mocked.post(f"{URL}/v1/Wallet/Info", body=body)
        wallet = await loyalty.wallet(WALLET)
    assert (wallet.user_kyc_info, wallet.tenant_id, wallet.access_level_status) == (PERSON, "7", "1")


def _row(**changes: Any) -> dict[str, Any]:
    row = {"id": "1", "tx_base_amount": "0.30", "created_date_utc": "2025-05-01T09:00:00Z", "to_wallet_number": WALLET}
    return {name: value for name, value in (row | changes).items() if value is not ...}


@pytest.fixture
def rows(loyalty: LoyaltySession) -> Callable[..., Any]:
    """Give a function that reads a history of one page."""

    async def read(*found: Any) -> list[LoyaltyTransaction]:
        with aioresponses() as mocked:
            mocked.post(HISTORY, body=bodies.loyalty_envelope(json.dumps({"results": list(found)})))
            return await loyalty.transactions(WALLET, wallet_id="77").collect()

    return read


async def test_a_row_is_read_with_as_little_as_it_needs(rows: Callable[..., Any]) -> None:
    """Id, amount, date and wallet are enough; every other field is kept, named or not."""
    (row,) = await rows(_row(id=9 * 10**18, tx_additional_data_json="{}", ext_transaction_id=51464813))
    assert row == LoyaltyTransaction(
        transaction_id="9000000000000000000",
        type="credit",
        amount=Decimal("0.30"),
        created_at=datetime(2025, 5, 1, 9, tzinfo=UTC),
        reference="51464813",
        to_wallet_number=WALLET,
        extra={"tx_additional_data_json": "{}"},
    )


async def test_the_direction_of_a_row_is_seen_from_its_wallet(rows: Callable[..., Any]) -> None:
    """To the wallet is a credit, away from it a debit; a row without numbers keeps the provider's word."""
    found = await rows(
        _row(id="1", from_wallet_number="LYT_5"),
        _row(id="2", from_wallet_number=WALLET, to_wallet_number="LYT_5"),
        _row(id="3", to_wallet_number=None, wallet_id=77, transaction_type="LoyaltyGift"),
    )
    assert [row.type for row in found] == ["credit", "debit", "LoyaltyGift"]


@pytest.mark.parametrize(
    ("status", "completed"), [(None, True), (20, True), (10, False), (40, False), (60, False), (99, False)]
)
async def test_only_a_completed_row_stands(rows: Callable[..., Any], status: int | None, completed: bool) -> None:
    """Pending, cancelled and refunded rows, and a status nobody has seen, do not count as booked."""
    (row,) = await rows(_row(transaction_status_id=status))
    assert row.completed is completed


@pytest.mark.parametrize(
    ("row", "path"),
    [
        (_row(tx_base_amount="0,30"), r"\$\[1\]\.amount"),
        (_row(created_date_utc="2025-05-01"), r"\$\[1\]\.created_at"),
        (_row(id=...), r"transaction_id"),
        ([], r"\$\[1\]"),
    ],
)
async def test_a_row_that_does_not_fit_is_named(rows: Callable[..., Any], row: Any, path: str) -> None:
    """The error tells which row and which field of it."""
    with pytest.raises(loyalty_async.DecodeError, match=path):
        await rows(_row(), row)


@pytest.mark.parametrize("payload", ['{"results": null}', '{"results": {}}', "{}"])
async def test_a_page_without_a_list_is_no_empty_page(loyalty: LoyaltySession, payload: str) -> None:
    """Nothing is taken for "no transactions" but an empty list."""
    with aioresponses() as mocked:
        mocked.post(HISTORY, body=bodies.loyalty_envelope(payload))
        with pytest.raises(loyalty_async.DecodeError, match=r"\$\.payload\.results"):
            await loyalty.transactions(WALLET, wallet_id="77").collect()


async def test_personal_data_stays_out_of_repr(loyalty: LoyaltySession) -> None:
    """Name, phone, e-mail, tax number and what KYC knows are there to be read, and never shown by accident."""
    canaries = {
        "name": "canary-name",
        "email": "canary@mail",
        "phone_number": "canary-phone",
        "tax_number": "canary-tax",
    }
    info = page_wallet(user_kyc_info={"national_id": "canary-id"}, iban="canary-iban", **canaries)
    receipt = await received(loyalty, info)
    assert json.dumps(attrs.asdict(receipt), default=str).count("canary") == 6
    assert "canary" not in repr(receipt) + str(receipt) + repr([receipt.wallet])
