"""What Sipay's loyalty pages describe, as frozen values. Amounts are exact; ids are `str`, whatever JSON says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, get_args

from attrs import field, frozen

from wallet_async.engine import checks, codec
from wallet_async.engine.calls import Kind
from wallet_async.engine.errors import InvalidInputError


def _as_id(value: object) -> str:
    # Strings in the samples, bare numbers in the webhooks (19 digits): one text.
    return str(value) if type(value) is int else codec.as_text(value)


def _as_id_or_none(value: object) -> str | None:
    return None if value is None else _as_id(value)


def _as_label(value: object) -> str | None:
    # `access_level_status` is "Aktif" in every sample and declared decimal on the page of Wallet/Info.
    return str(value) if type(value) is Decimal else _as_id_or_none(value)


def _as_sent(value: object) -> Any:
    return value


_AS_SENT: Any = {"take": _as_sent}
_ID: Any = {"take": _as_id}
_ID_OR_NONE: Any = {"take": _as_id_or_none}


@frozen(kw_only=True)
class Balance:
    """One of a wallet's balances; the tables misspell both names, the samples do not."""

    available: Decimal | None = None
    """What can be spent."""
    unavailable: Decimal | None = None
    """What is held back."""


@frozen(kw_only=True)
class TransactionLimits:
    """What a wallet may hold and move, in its currency (``transaction_limits``)."""

    max_balance: Decimal | None = None
    topup_credit_limit: Decimal | None = None
    topup_cash_limit: Decimal | None = None
    withdrawal_limit: Decimal | None = None
    payment_limit: Decimal | None = None
    wallet_to_wallet_limit: Decimal | None = None


@frozen(kw_only=True)
class LoyaltyWallet:
    """A wallet as it stands after a call (pages "Increase loyalty balance", "Wallet info").

    Names are the page's own. A field that the answer leaves out or sends as null is None.
    """

    id: str = field(metadata=_ID)
    """Sipay's id of the wallet, 19 digits; histories are selected by it."""
    number: str
    """The wallet's number, such as ``LYT_7160182174011919319``."""
    total_balance: Decimal
    """Points in the wallet, in `currency_code`; with other movements in it, so it proves nothing about one of them."""
    name: str | None = field(default=None, repr=False)
    """The owner's name for it; personal data."""
    account_number: str | None = field(default=None, metadata=_ID_OR_NONE)
    """The account it belongs to, such as ``0202``: leading zeros count."""
    account_type: str | None = None
    """Such as ``Bireysel`` ("individual")."""
    created_date_utc: datetime | None = None
    """When it was opened, with zone, to the microsecond; None for .NET's year 1 ("Add loyalty program" answers so)."""
    phone_country_code: str | None = field(default=None, metadata=_ID_OR_NONE)
    phone_number: str | None = field(default=None, metadata=_ID_OR_NONE, repr=False)
    """Personal data."""
    email: str | None = field(default=None, repr=False)
    """Personal data."""
    monthly_incoming_total: Decimal | None = None
    monthly_outgoing_total: Decimal | None = None
    access_level_status_id: int | None = None
    """1 for ``Aktif``."""
    access_level_status: str | None = field(default=None, metadata={"take": _as_label})
    """Such as ``Aktif`` ("active")."""
    payment_balance: Balance | None = None
    cash_balance: Balance | None = None
    transaction_limits: TransactionLimits | None = None
    kyc_level_status: str | None = field(default=None, metadata={"take": _as_label})
    currency_code: str | None = None
    """Such as ``TRY``."""
    user_kyc_info: Mapping[str, Any] | str | None = field(default=None, repr=False, metadata=_AS_SENT)
    """Personal data: declared a string, null in the samples, in "Wallet info" an object with ``national_id``."""
    is_topup_default: bool | None = None
    tax_number: str | None = field(default=None, metadata=_ID_OR_NONE, repr=False)
    """Personal data."""
    loyalty_record_required: bool | None = None
    tenant_id: str | None = field(default=None, metadata=_ID_OR_NONE)
    """Only in "Wallet info"."""
    extra: Mapping[str, Any] = field(factory=dict, repr=False, metadata=_AS_SENT)
    """Every other field, as it came."""


@frozen(kw_only=True)
class LoyaltyReceipt:
    """Proof of one credit or debit: Sipay reported success for just this wallet.

    The answer carries no transaction id, no reference and no previous balance.
    """

    wallet_number: str
    """The wallet, checked against the answer."""
    type: Kind
    """What was asked for; the answer does not repeat it."""
    amount: int | Decimal
    """What was sent; the answer does not repeat it."""
    reference: str
    """The caller's reference (``ext_transaction_id``)."""
    wallet: LoyaltyWallet | None
    """The wallet after it; None if no answer came and the history told that it was booked (with a journal only)."""


@frozen(kw_only=True)
class LoyaltyTransaction:
    """One row of a history (page "Transaction data", SummaryRecordByFilter)."""

    transaction_id: str = field(metadata=_ID)
    """Sipay's id of the row (``id``)."""
    type: str
    """``"credit"`` if the row leads to the wallet that was asked for, ``"debit"`` if away from it; otherwise
    `transaction_type`."""
    amount: Decimal
    """Size of the movement without fees (``tx_base_amount``), in `currency_code`."""
    created_at: datetime
    """When it was made (``created_date_utc``), with zone, to the microsecond; histories are ordered by it."""
    updated_at: datetime | None = None
    """When it was last changed (``updated_date_utc``)."""
    completed_at: datetime | None = None
    """When it was completed (``completed_date_utc``)."""
    reference: str | None = field(default=None, metadata=_ID_OR_NONE)
    """The reference it was sent with (``ext_transaction_id``)."""
    status_id: int | None = None
    """``transaction_status_id``: 10 pending, 20 completed, 40 cancelled, 60 refunded."""
    status: str | None = None
    """``transaction_status``, such as ``NormalCompleted``."""
    result_code: str | None = field(default=None, metadata=_ID_OR_NONE)
    """Such as ``Success``: a text here, digits elsewhere."""
    transaction_type_id: int | None = None
    """No code for a loyalty movement is documented."""
    transaction_type: str | None = None
    """The provider's own name of the kind."""
    fee: Decimal | None = None
    """``tx_additional_fee``."""
    currency_code: str | None = None
    wallet_id: str | None = field(default=None, metadata=_ID_OR_NONE)
    """Sipay's id of the wallet."""
    from_wallet_number: str | None = None
    from_account_number: str | None = field(default=None, metadata=_ID_OR_NONE)
    to_wallet_number: str | None = None
    to_account_number: str | None = field(default=None, metadata=_ID_OR_NONE)
    tx_group_correlation_id: str | None = field(default=None, metadata=_ID_OR_NONE)
    """The group it was sent with, as text."""
    extra: Mapping[str, Any] = field(factory=dict, repr=False, metadata=_AS_SENT)
    """Every other field, as it came."""

    @property
    def completed(self) -> bool:
        """Whether it stands: not pending, cancelled or refunded. A status that is not told counts as completed."""
        return self.status_id in {None, COMPLETED}

    @property
    def taken_back(self) -> bool:
        """Whether it was completed once, and was refunded since. What is cancelled may never have been completed."""
        return self.status_id == REFUNDED


COMPLETED = 20
"""`LoyaltyTransaction.status_id` of a row that stands (``process_level_status_id`` of the business API)."""
REFUNDED = 60
"""That of one that was taken back."""


def _kind(_movement: object, _attribute: object, value: Any) -> None:
    if value not in get_args(Kind):
        raise checks.reject("kind", value, "'credit' or 'debit'")


def _plain(_movement: object, attribute: Any, value: Any) -> None:
    checks.plain(attribute.name, value)


def _plain_or_none(_movement: object, attribute: Any, value: Any) -> None:
    if value is not None:
        checks.plain(attribute.name, value)


def _group(_movement: object, attribute: Any, value: Any) -> None:
    if value is not None:
        checks.count(attribute.name, value, least=0)


@frozen(kw_only=True)
class Movement:
    """One credit or debit to make; checked when it is made.

    Raises:
        InvalidInputError: A field does not fit; the error names it.

    Example:
        ```python
        Movement(kind="credit", wallet_number="LYT_1", amount=25, currency_code="TRY", reference="order-1847")
        ```
    """

    kind: Kind = field(validator=_kind)
    """``"credit"`` adds (IncreaseLoyaltyBalance), ``"debit"`` takes (DecreaseLoyaltyBalance)."""
    wallet_number: str = field(validator=_plain)
    """The wallet, such as ``LYT_7160182174011919319``."""
    amount: int | Decimal = field(validator=lambda _, __, value: checks.amount("amount", value))
    """How much, above zero, in `currency_code`; sent as a JSON number with every digit and no exponent."""
    currency_code: str = field(validator=_plain)
    """Such as ``TRY``."""
    reference: str = field(validator=_plain)
    """Your own name for this movement, unique among your movements; sent as ``ext_transaction_id``."""
    account_number: str | None = field(default=None, validator=_plain_or_none)
    """The account the wallet belongs to; not sent if None."""
    tx_group_correlation_id: int | None = field(default=None, validator=_group)
    """Groups movements at Sipay; not sent if None."""
    hash_key: str | Callable[[Movement], str] | None = field(default=None, repr=False, metadata={"kept": False})
    """Not sent if None. No page gives a formula, so there is none here: a str is sent as it is. A function is called
    once, with this movement, when it is made and its other fields are checked; the str it returns takes its place."""

    def __attrs_post_init__(self) -> None:
        """Work the hash out now: what is sent, and pickled in an error, is plain text."""
        if self.hash_key is None:
            return
        found = self.hash_key(self) if callable(self.hash_key) else self.hash_key
        object.__setattr__(self, "hash_key", _hash(found))

    @property
    def wallet(self) -> str:
        """What identifies the wallet."""
        return self.wallet_number


def _hash(value: object) -> str:
    if not isinstance(value, str):
        # The value is not repeated: whoever mistakes the type may well pass the secret.
        raise InvalidInputError(f"hash_key must be a str, or a function that returns one, not {type(value).__name__}")
    return checks.text("hash_key", value, empty=True)
