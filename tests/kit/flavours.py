"""What a behaviour has to know of a provider: its success, its refusal, somebody else's success."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Protocol
from urllib.parse import unquote

from . import bodies


class Flavour(Protocol):
    """One provider's way of answering, as functions of the request."""

    @property
    def name(self) -> str:
        """Short name for test ids."""

    @property
    def balance_field(self) -> str:
        """The top-level or nested field of a success that holds the balance."""

    def is_write(self, method: str, target: bytes) -> bool:
        """Whether this request moves value."""

    def good(self, method: str, target: bytes, body: bytes) -> bytes:
        """The provider's success, echoing what was sent."""

    def foreign(self) -> bytes:
        """A well-formed success of a write on another wallet."""

    def refusal(self, status: int) -> bytes:
        """The provider's own error envelope for HTTP status `status`."""


def _json(body: bytes) -> dict[str, Any]:
    value = json.loads(body, parse_float=Decimal) if body else {}
    return value if isinstance(value, dict) else {}


class Rehook:
    """Rehook: a write is a PUT; the page is credit-debit-wallet of its reference."""

    name = "rehook"
    balance_field = "loyalty_points"

    def is_write(self, method: str, target: bytes) -> bool:
        """A PUT moves points; a GET or HEAD reads."""
        return method == "PUT"

    def good(self, method: str, target: bytes, body: bytes) -> bytes:
        """Answer a PUT by its receipt, a history by two rows, anything else by a list of one wallet."""
        path = target.split(b"?")[0].decode("ascii").split("/")
        if method == "PUT":
            sent = _json(body)
            return bodies.rehook_receipt(
                points=sent.get("points", 20),
                wallet_id=unquote(path[-1]),
                description=sent.get("description", ""),
                kind=sent.get("type", "credit"),
            )
        if "transactions" in path:
            return bodies.rehook_history(2)
        return json.dumps([{"wallet_id": bodies.REHOOK_WALLET, "wallet_name": "Krishna", "currency": "INR"}]).encode()

    def foreign(self) -> bytes:
        """Give a receipt of 7 points on another customer's wallet."""
        return bodies.rehook_receipt(points=7, wallet_id="waty_somebodyElses0000000", description="not yours")

    def refusal(self, status: int) -> bytes:
        """Write the documented error fields, `code` being the HTTP status."""
        return bodies.rehook_error(status)


class Loyalty:
    """Sipay loyalty: everything is a POST; increase and decrease are the writes."""

    name = "loyalty"
    balance_field = "total_balance"

    def is_write(self, method: str, target: bytes) -> bool:
        """An increase or decrease moves value; adding a program, looking up and tokens do not."""
        return method == "POST" and (b"IncreaseLoyaltyBalance" in target or b"DecreaseLoyaltyBalance" in target)

    def good(self, method: str, target: bytes, body: bytes) -> bytes:
        """Answer by the wallet as it then is, an empty list of transactions, or a token."""
        if target.endswith(b"/connect/token"):
            return b'{"access_token": "kit-token", "token_type": "Bearer", "expires_in": 3600, "scope": "kit"}'
        if b"SummaryRecordByFilter" in target:
            return bodies.loyalty_envelope('{"results": [], "page_index": 0, "page_count": 0}')
        sent = _json(body)
        number = sent.get("wallet_number", bodies.LOYALTY_WALLET)
        if target.endswith(b"/Info"):
            wallet = bodies.loyalty_wallet(wallet_number=number)
            return bodies.loyalty_envelope(f'{{"wallet_info": {wallet}}}')
        kind = "debit" if b"Decrease" in target else "credit"
        return bodies.loyalty_success(wallet_number=number, amount=sent.get("amount", 0), kind=kind)

    def foreign(self) -> bytes:
        """Give the success of an increase on another wallet."""
        return bodies.loyalty_success(wallet_number="LYT_0000000000000000000")

    def refusal(self, status: int) -> bytes:
        """Write the failure envelope: 311 for a short balance, 300 for no wallet, else 999 (validation)."""
        code = {402: "311", 409: "311", 404: "300"}.get(status, "999")
        return bodies.loyalty_error(code, status=1 if code == "999" else 2)


REHOOK: Flavour = Rehook()
LOYALTY: Flavour = Loyalty()
FLAVOURS: dict[str, Flavour] = {flavour.name: flavour for flavour in (REHOOK, LOYALTY)}
