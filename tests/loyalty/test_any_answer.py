"""Whatever comes back, only this project's errors come out."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_async import LoyaltyReceipt, LoyaltyTransaction, LoyaltyWallet, Movement, WalletError, wire
from tests.kit import bodies
from tests.loyalty.common import WALLET
from wallet_async.engine.calls import Reply

MOVEMENT = Movement(kind="credit", wallet_number=WALLET, amount=25, currency_code="TRY", reference="order-1847")
READERS = {
    LoyaltyReceipt: wire.read_receipt(MOVEMENT),
    LoyaltyWallet: wire.read_wallet(WALLET),
    list: wire.read_transactions(WALLET),
}
STATUSES = st.sampled_from([200, 200, 201, 204, 300, 301, 303, 400, 401, 403, 404, 409, 422, 429, 500, 503])
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from([WALLET, "100"])
)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner))
ROW = {
    "id": "1",
    "tx_base_amount": "0.30",
    "created_date_utc": "2025-05-01T09:00:00.1234567Z",
    "to_wallet_number": WALLET,
    "transaction_status_id": 20,
    "ext_transaction_id": "order-1847",
}
FIELDS = sorted({*json.loads(bodies.loyalty_wallet()), *ROW, "wallet_info", "results", "tenant_id"})


def read_all(status: int, body: bytes) -> None:
    """Read *body* as every kind of answer; each reader gives what it should, or one of our errors."""
    for kind, read in READERS.items():
        try:
            value = read(Reply(status, {}, body))
        except WalletError:
            continue
        assert isinstance(value, kind)
        assert status // 100 == 2
        if isinstance(value, list):
            assert all(isinstance(row, LoyaltyTransaction) for row in value)


@given(STATUSES, st.binary(max_size=200))
def test_any_bytes(status: int, body: bytes) -> None:
    """Bytes that are no JSON, or by chance some."""
    read_all(status, body)


@given(STATUSES, st.dictionaries(st.sampled_from(["status", "code", "message", "errors", "payload"]), VALUES))
def test_any_json_in_an_envelope(status: int, envelope: dict[str, Any]) -> None:
    """An envelope whose fields hold anything."""
    read_all(status, json.dumps(envelope).encode())


@given(st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=5))
def test_any_json_in_a_field(changes: dict[str, Any]) -> None:
    """A success in which some fields of wallet and rows hold anything."""
    wallet = json.loads(bodies.loyalty_wallet()) | changes
    payload = wallet | {"wallet_info": wallet, "results": [ROW, ROW | changes]} | changes
    read_all(200, json.dumps({"status": 0, "code": "100", "payload": payload}).encode())


def test_sabotage_a_reader_that_trusts_the_answer_lets_others_out() -> None:
    """The same check sees what a careless reader raises."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(READERS, LoyaltyReceipt, lambda reply: json.loads(reply.body)["payload"]["number"])
        with pytest.raises((ValueError, KeyError, TypeError)):
            read_all(200, b"<html>")
