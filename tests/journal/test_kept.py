"""What the journal keeps comes back as it was, to the last digit; equal movements have one digest, others another."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve, fields
from hypothesis import given
from hypothesis import strategies as st

import loyalty_async
import rehook_async
from loyalty_async.models import Balance, LoyaltyWallet
from wallet_async.engine.errors import DecodeError
from wallet_async.journal import kept

TEXTS = st.text(max_size=30)
NAMES = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=20)
AMOUNTS = st.integers(1, 10**20) | st.decimals("0.01", "1e20", places=2)
REHOOK = st.builds(
    rehook_async.Movement,
    kind=st.sampled_from(["credit", "debit"]),
    source_id=NAMES.filter(lambda name: name not in {".", ".."}),
    wallet_id=NAMES.filter(lambda name: name not in {".", ".."}),
    points=AMOUNTS,
    description=st.text(st.characters(exclude_categories=("Cs",)), max_size=20),
    reference=NAMES,
)
LOYALTY = st.builds(
    loyalty_async.Movement,
    kind=st.sampled_from(["credit", "debit"]),
    wallet_number=NAMES,
    amount=AMOUNTS,
    currency_code=NAMES,
    reference=NAMES,
    account_number=st.none() | NAMES,
    tx_group_correlation_id=st.none() | st.integers(0, 10**18),
)
MAYBE = st.none() | AMOUNTS
RECEIPTS = st.builds(
    rehook_async.Receipt,
    transaction_id=TEXTS,
    customer_id=st.none() | TEXTS,
    wallet_id=TEXTS,
    type=st.sampled_from(["credit", "debit"]),
    points=AMOUNTS,
    balance=MAYBE,
    previous_balance=MAYBE,
    description=TEXTS,
    reference=st.none() | TEXTS,
    request_id=st.none() | TEXTS,
)
MONEY = st.none() | st.decimals(-(10**12), 10**12, places=4)
JSON = st.recursive(
    st.none() | st.booleans() | AMOUNTS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
WALLETS = st.builds(
    LoyaltyWallet,
    id=TEXTS,
    number=TEXTS,
    total_balance=st.decimals(-(10**12), 10**12, places=4),
    name=st.none() | TEXTS,
    created_date_utc=st.none() | st.datetimes(datetime(2000, 1, 1), timezones=st.just(timezone(timedelta(hours=3)))),
    payment_balance=st.none() | st.builds(Balance, available=MONEY, unavailable=MONEY),
    user_kyc_info=st.none() | TEXTS | st.dictionaries(TEXTS, JSON, max_size=3),
    extra=st.dictionaries(TEXTS, JSON, max_size=3),
)
LOYALTY_RECEIPTS = st.builds(
    loyalty_async.LoyaltyReceipt,
    wallet_number=TEXTS,
    type=st.sampled_from(["credit", "debit"]),
    amount=AMOUNTS,
    reference=TEXTS,
    wallet=st.none() | WALLETS,
)


@given(RECEIPTS | LOYALTY_RECEIPTS)
def test_a_receipt_comes_back(receipt: Any) -> None:
    """Every field, whatever text and amount it holds; what is written is text that any database takes."""
    text = kept.write(receipt)
    text.encode()
    assert kept.read_receipt(type(receipt), text) == receipt


@given(REHOOK | LOYALTY)
def test_a_movement_comes_back(movement: Any) -> None:
    """Whole, so that another process can look for it."""
    again = kept.read_movement(type(movement), kept.write(movement))
    assert again == movement
    assert kept.fingerprint(again) == kept.fingerprint(movement)


def test_digits_are_kept() -> None:
    """No float comes near an amount."""
    movement = loyalty_async.Movement(
        kind="credit", wallet_number="w", amount=Decimal("12345678901234567.89"), currency_code="TRY", reference="r"
    )
    assert json.loads(kept.write(movement), parse_float=str)["amount"] == "12345678901234567.89"


def test_no_hash_is_kept() -> None:
    """A `hash_key` may be as good as a credential."""
    movement = loyalty_async.Movement(
        kind="credit", wallet_number="w", amount=1, currency_code="TRY", reference="r", hash_key="canary"
    )
    assert "canary" not in kept.write(movement)
    assert kept.fingerprint(movement) == kept.fingerprint(evolve(movement, hash_key="another"))


@pytest.mark.parametrize("amount", [Decimal("10.0"), Decimal("1E1"), Decimal(10)])
def test_equal_amounts_are_the_same_movement(amount: Decimal) -> None:
    """10 is 10, however it is written."""
    movement = rehook_async.Movement(kind="credit", source_id="a", wallet_id="b", points=10, reference="r")
    assert kept.fingerprint(evolve(movement, points=amount)) == kept.fingerprint(movement)


OTHER: dict[str, Any] = {"kind": "debit", "points": 11, "tx_group_correlation_id": 7, "amount": Decimal("10.01")}


@pytest.mark.parametrize(
    "movement",
    [
        rehook_async.Movement(kind="credit", source_id="a", wallet_id="b", points=10, description="d", reference="r"),
        loyalty_async.Movement(kind="credit", wallet_number="w", amount=10, currency_code="TRY", reference="r"),
    ],
    ids=["rehook", "loyalty"],
)
def test_any_other_argument_is_another_movement(movement: Any) -> None:
    """Each field that is kept counts."""
    digests = {kept.fingerprint(movement)}
    names = [field.name for field in fields(type(movement)) if field.metadata.get("kept", True)]
    for name in names:
        digests.add(kept.fingerprint(evolve(movement, **{name: OTHER.get(name, "other")})))
    assert len(digests) == len(names) + 1


def test_a_sentence_is_one_that_any_database_keeps() -> None:
    """Whatever a provider's answer held: no NUL and no half of a character."""
    assert kept.sentence("no: \0\ud800 \U0001f600") == "no: \ufffd\ufffd \U0001f600"


def test_what_is_no_receipt_is_told() -> None:
    """A damaged row is an error of this library's."""
    with pytest.raises(DecodeError, match="field 'wallet_id' is missing"):
        kept.read_receipt(rehook_async.Receipt, '{"transaction_id": "t", "customer_id": null}')
