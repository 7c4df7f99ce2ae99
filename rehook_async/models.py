"""What Rehook's wallet pages describe, as frozen values. Amounts are exact: `int` as sent, `Decimal` with a point."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, get_args

from attrs import field, frozen

from wallet_async.engine import checks, codec
from wallet_async.engine.calls import Kind
from wallet_async.engine.marker import refuse_marker


@frozen(kw_only=True)
class Transaction:
    """One row of a wallet's history (page "Wallet transactions")."""

    transaction_id: str
    """Rehook's id of the row, such as ``trhi_7fgEcRUnVZmqF9BVadOFh``."""
    type: str
    """``"credit"`` or ``"debit"``; a kind added later stays a string."""
    points: int | Decimal
    """Size of the movement, in the wallet's points; the direction is `type`."""
    description: str = field(default="", metadata={"take": codec.as_text_or_empty})
    """The text it was booked with; begins with the mark if it was sent with a reference."""
    created_at: datetime
    """When it was booked, with zone, to the microsecond."""
    updated_at: datetime
    """When it was last changed, with zone."""


@frozen(kw_only=True)
class Receipt:
    """Proof of one credit or debit (page "Update wallet"), its echo checked against what was sent."""

    transaction_id: str
    """Rehook's id of the new row (``txn_id`` in the answer)."""
    customer_id: str | None
    """Rehook's id of the customer (``id``), also if the call named the customer by your own id. None, as the balances
    are, if no answer came and the history told that it was booked (with a journal only)."""
    wallet_id: str
    """The wallet."""
    type: Kind
    """What was asked for; the answer does not repeat it."""
    points: int | Decimal
    """Size of the movement."""
    balance: int | Decimal | None
    """Points in the wallet after it (``loyalty_points``)."""
    previous_balance: int | Decimal | None
    """Points in the wallet before it (``previous_loyalty_points``)."""
    description: str
    """The caller's description, without the mark."""
    reference: str | None
    """The caller's reference."""
    request_id: str | None
    """Rehook's id of the request (``requestId`` in the sample, ``request_id`` in the table)."""

    @property
    def adds_up(self) -> bool:
        """Whether the balances differ by just this movement; others may have been booked in the same moment."""
        if self.balance is None or self.previous_balance is None:
            return False
        change = self.points if self.type == "credit" else -self.points
        return self.balance - self.previous_balance == change


@frozen(kw_only=True)
class Wallet:
    """One wallet of a customer (page "Get customer wallets"; only its beginning was available)."""

    wallet_id: str
    """Such as ``waty_XbgBcerLwjoMhAGcmAHhZ``."""
    wallet_name: str = ""
    currency: str = ""
    singular_unit_name: str = ""
    plural_unit_name: str = ""
    balance: int | Decimal | None = None
    """Points, if the answer names them as the receipt does (``loyalty_points``); otherwise None."""
    extra: Mapping[str, Any] = field(factory=dict)
    """Every other field, as it came."""


def _kind(_movement: object, _attribute: object, value: object) -> None:
    if value not in get_args(Kind):
        raise checks.reject("kind", value, "'credit' or 'debit'")


def _description(_movement: object, _attribute: object, value: Any) -> None:
    refuse_marker(checks.text("description", value, empty=True))


@frozen(kw_only=True)
class Movement:
    """One credit or debit to make; checked when it is made.

    Raises:
        InvalidInputError: A field does not fit; the error names it.
    """

    kind: Kind = field(validator=_kind)
    """``"credit"`` adds, ``"debit"`` takes."""
    source_id: str = field(validator=lambda _, __, value: checks.identifier("source_id", value))
    """The customer: Rehook's id or your own, such as ``KMN@123``."""
    wallet_id: str = field(validator=lambda _, __, value: checks.identifier("wallet_id", value))
    """The wallet."""
    points: int | Decimal = field(validator=lambda _, __, value: checks.amount("points", value))
    """How much, above zero."""
    description: str = field(default="", validator=_description)
    """Shown in the history."""
    reference: str | None = field(
        default=None, validator=lambda _, __, value: value is None or checks.plain("reference", value)
    )
    """Your own name for this movement, by which it can be found if its outcome is not known."""

    @property
    def amount(self) -> int | Decimal:
        """`points`, under the name that both providers share."""
        return self.points

    @property
    def wallet(self) -> tuple[str, str]:
        """What identifies the wallet."""
        return self.source_id, self.wallet_id
