"""What a stand-in may do besides faults: alter texts, hide rows, take movements back, answer a reference again."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from loyalty_async.sandbox import LoyaltyApi
from rehook_async.sandbox import RehookApi
from wallet_async.sandbox import Request
from wallet_async.sandbox.texts import Keeps, kept

BASIC = {"Authorization": "Basic a2V5OnNlY3JldA=="}
SENT = ' A<b>&"c" and much more '


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("as sent", SENT),
        ("cut", ' A<b>&"c" and mu'),
        ("upper", ' A<B>&"C" AND MUCH MORE '),
        ("lower", ' a<b>&"c" and much more '),
        ("escaped", " A&lt;b&gt;&amp;&quot;c&quot; and much more "),
        ("trimmed", 'A<b>&"c" and much more'),
        ("dropped", ""),
    ],
)
def test_texts_are_kept_so(how: Keeps, expected: str) -> None:
    """In the history and in the answer, of both providers."""
    assert kept(SENT, how) == expected
    rehook = Rehook(descriptions=how)
    assert rehook.move("credit", 20)["description"] == expected
    assert [row["description"] for row in rehook.history()] == [expected]
    loyalty = Loyalty(references=how)
    loyalty.move("Increase", 20)
    assert [row["ext_transaction_id"] for row in loyalty.history()] == [expected]


def test_what_is_hidden_stays_booked() -> None:
    """No history shows it; the ledger and the balance do."""
    for wallet in (Rehook(), Loyalty()):
        wallet.move(wallet.credit, 20)
        wallet.move(wallet.credit, 21)
        first, second = wallet.api.ledger.entries()
        wallet.api.ledger.hidden.add(first.transaction_id)
        assert [str(row[wallet.id]) for row in wallet.history()] == [second.transaction_id]
        assert len(wallet.api.ledger) == 2
        assert wallet.api.ledger.balance(second.wallet) == 41


def test_what_is_taken_back_shows_so() -> None:
    """Rehook: a movement the other way under its description; Sipay: the row itself is refunded."""
    rehook, loyalty = Rehook(), Loyalty()
    for wallet in (rehook, loyalty):
        wallet.move(wallet.credit, 20)
        (entry,) = wallet.api.ledger.entries()
        wallet.api.take_back(entry)
        assert wallet.api.ledger.balance(entry.wallet) == 0
    assert [(row["type"], row["points"], row["description"]) for row in rehook.history()] == [
        ("debit", 20, SENT),
        ("credit", 20, SENT),
    ]
    assert {(row["ext_transaction_id"], row["transaction_status_id"]) for row in loyalty.history()} == {
        (SENT, 60),
        (None, 20),
    }


def test_a_known_reference_is_answered_like_the_first_time() -> None:
    """Nothing is booked, whatever the amount."""
    loyalty = Loyalty(deduplicate="answered")
    first = loyalty.move("Increase", 20)
    assert loyalty.move("Increase", 99) == first
    assert loyalty.api.ledger.balance("LYT_1") == 20


class Rehook:
    """One wallet of Rehook's stand-in, without a socket."""

    credit, id = "credit", "transaction_id"

    def __init__(self, **options: Any) -> None:
        self.api = RehookApi(**options)
        self.api.add_wallet("krishna123", "waty_A")

    def move(self, kind: str, points: int) -> Any:
        body = json.dumps({"type": kind, "points": points, "description": SENT})
        return self._ask("PUT", body)

    def history(self) -> Any:
        return self._ask("GET", "")

    def _ask(self, method: str, body: str) -> Any:
        segments = ("wallets", "customer", "krishna123", "transactions", "waty_A")
        request = Request(method=method, path="/", segments=segments, headers=BASIC, body=body.encode())
        return json.loads(self.api.answer(request).body)


class Loyalty:
    """One wallet of Sipay's stand-in, without a socket."""

    credit, id = "Increase", "id"

    def __init__(self, **options: Any) -> None:
        self.api = LoyaltyApi(**options)
        self.api.add_wallet("LYT_1", balance=Decimal(0))

    def move(self, kind: str, amount: int) -> Any:
        fields = {"wallet_number": "LYT_1", "amount": amount, "currency_code": "TRY", "ext_transaction_id": SENT}
        return self._ask(f"/v1/Wallet/{kind}LoyaltyBalance", fields)

    def history(self) -> Any:
        fields = {"order_column": "CreatedDateUtc", "to_wallet_number": "LYT_1", "from_wallet_number": "LYT_1"}
        return self._ask("/v1/TransactionData/SummaryRecordByFilter", fields)["payload"]["results"]

    def _ask(self, path: str, fields: Any) -> Any:
        request = Request(method="POST", path=path, segments=None, body=json.dumps(fields).encode())
        return json.loads(self.api.answer(request).body)
