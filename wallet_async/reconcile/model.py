"""What the parts of a reconciliation hand one another: the columns of its files, and its summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, get_args

from attrs import field, frozen

from wallet_async.engine import checks
from wallet_async.engine.errors import InvalidInputError

AMOUNT = "DECIMAL(38,12)"
"""How amounts are kept: exact, 26 digits before the point and 12 after it."""

Class = Literal[
    "missing_at_provider",
    "missing_in_ledger",
    "amount_differs",
    "kind_differs",
    "time_differs",
    "duplicated_at_provider",
    "duplicated_in_ledger",
    "unreadable_row",
    "ambiguous",
    "balance_differs",
]
"""What kind of difference a difference is; each has one."""
CLASSES: tuple[Class, ...] = get_args(Class)

_PART = "\t"
"""Between the parts of a wallet in one text. No identifier holds a control character."""

LEDGER_COLUMNS = {
    "line": "BIGINT",
    "wallet": "VARCHAR",
    "kind": "VARCHAR",
    "amount": AMOUNT,
    "created_at": "TIMESTAMP",
    "transaction_id": "VARCHAR",
    "reference": "VARCHAR",
    "mark": "VARCHAR",
    "currency": "VARCHAR",
    "problem": "VARCHAR",
}
"""The own ledger as it was read, a row each of its lines. Times are UTC; ``problem`` says why a line is unreadable."""

HISTORY_COLUMNS = {
    "wallet": "VARCHAR",
    "transaction_id": "VARCHAR",
    "kind": "VARCHAR",
    "amount": AMOUNT,
    "created_at": "TIMESTAMP",
    "mark": "VARCHAR",
    "currency": "VARCHAR",
    "problem": "VARCHAR",
    "balance": AMOUNT,
    "known": "BOOLEAN",
    "rows": "BIGINT",
    "requests": "BIGINT",
    "error": "VARCHAR",
}
"""One shard of the provider's side: its rows; and, with no ``transaction_id``, one line about each wallet."""

DIFFERENCE_COLUMNS = {
    "id": "VARCHAR",
    "class": "VARCHAR",
    "severity": "VARCHAR",
    "wallet": "VARCHAR",
    "ledger_line": "BIGINT",
    "ledger_kind": "VARCHAR",
    "ledger_amount": AMOUNT,
    "ledger_created_at": "TIMESTAMP",
    "ledger_transaction_id": "VARCHAR",
    "reference": "VARCHAR",
    "transaction_id": "VARCHAR",
    "kind": "VARCHAR",
    "amount": AMOUNT,
    "created_at": "TIMESTAMP",
    "mark": "VARCHAR",
    "currency": "VARCHAR",
    "matched_by": "VARCHAR",
    "detail": "VARCHAR",
    "journal_state": "VARCHAR",
    "journal_reason": "VARCHAR",
}
"""What differs, sorted by wallet, class, line and transaction id; ``severity`` is ``difference`` or ``note``."""


def wallet_text(parts: Sequence[str]) -> str:
    """Join the parts of a wallet, such as customer and wallet id, to one text that sorts and joins."""
    return _PART.join(parts)


def wallet_parts(text: str) -> tuple[str, ...]:
    """Part what `wallet_text` joined."""
    return tuple(text.split(_PART))


def short(amount: Decimal) -> Decimal:
    """Give *amount* without the zeros that a column of `AMOUNT` fills it up with."""
    return Decimal(f"{amount:f}".rstrip("0").rstrip(".")) if amount % 1 else Decimal(int(amount))


def _window(_: Any, __: Any, value: Any) -> None:
    if not isinstance(value, timedelta) or value < timedelta(0):
        raise checks.reject("window", value, "a timedelta of 0 or more")


def _moment(_: Any, attribute: Any, value: Any) -> None:
    if value is not None:
        checks.moment(attribute.name, value)


@frozen(kw_only=True)
class Rules:
    """How the two sides are compared."""

    window: timedelta = field(default=timedelta(hours=1), validator=_window)
    """How far two times of one movement may lie apart; also how near rows without id and reference have to be."""
    since: datetime | None = field(default=None, validator=_moment)
    """Rows before this moment (aware) are not judged."""
    until: datetime | None = field(default=None, validator=_moment)
    """Rows after this moment (aware) are not judged."""

    def __attrs_post_init__(self) -> None:
        if self.since is not None and self.until is not None and self.since > self.until:
            raise InvalidInputError(f"since ({self.since}) lies after until ({self.until}): no row would be judged")


@frozen(kw_only=True)
class Side:
    """One side in figures."""

    rows: int
    """Movements, those that are not judged included."""
    credits: Decimal = field(converter=short)
    """Sum of its credits."""
    debits: Decimal = field(converter=short)
    """Sum of its debits."""


@frozen(kw_only=True)
class Summary:
    """How a reconciliation came out. Nothing in it depends on when or how often it was interrupted."""

    service: str
    """The provider."""
    wallets: int
    """Wallets that were compared, or were to be."""
    unknown_wallets: int
    """Those of them that the provider does not know."""
    unread_wallets: int
    """Those whose history could not be read: of them nothing is said."""
    ledger: Side
    provider: Side
    matched: Mapping[str, int]
    """Pairs by what matched them: ``transaction id``, ``reference``, ``wallet, kind, amount and time``."""
    paired_in_order: int
    """Pairs of the last sort that could have been paired otherwise: as many on each side, alike in all but time."""
    differences: Mapping[str, int]
    """Differences by class; each of `CLASSES` is there."""
    notes: Mapping[str, int]
    """What is told beside, by class: it makes the sides not differ."""
    balances: int
    """Wallets whose balance was compared with the sum of their history."""
    arrived_since: int
    """Rows at the provider that were booked after the ledger was read."""
    outside: int
    """Rows without a partner that lie before `Rules.since` or after `Rules.until`."""
    requests: int
    """Requests that reading the provider's side takes."""

    @property
    def clean(self) -> bool:
        """Whether every wallet was read and nothing differs."""
        return not self.unread_wallets and not any(self.differences.values())
