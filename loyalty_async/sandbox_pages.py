"""What Sipay's pages print: envelope, wallet, history row, in the order of their fields."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Context, Decimal
from typing import Any

from wallet_async.sandbox.api import Answer
from wallet_async.sandbox.jsontext import dumps
from wallet_async.sandbox.ledger import Amount, Entry, LedgerWallet

SUCCESS = "İşlem başarılı"
UNSET = "0001-01-01T00:00:00+00:00"
"""`created_date_utc` in the answer of AddLoyaltyProgram: .NET's "no date"."""

REFUNDED = {"transaction_status_id": 60, "transaction_status": "Refunded"}
"""What a history row shows of a movement that was taken back; the name is an invention."""

_LIMITS = (
    "max_balance",
    "topup_credit_limit",
    "topup_cash_limit",
    "withdrawal_limit",
    "payment_limit",
    "wallet_to_wallet_limit",
)
_CENTS = Decimal("0.01")
_WIDE = Context(prec=60)
"""The default of 28 digits would refuse the largest balances."""


def accepted(payload: object) -> Answer:
    """Give the success envelope around *payload*."""
    return Answer(200, dumps({"status": 0, "code": "100", "message": SUCCESS, "payload": payload}))


def refused(http_status: int, code: str, message: str) -> Answer:
    """Give a business refusal: status 2 and no `errors`, as on the bank-transfer webhook page."""
    return Answer(http_status, dumps({"status": 2, "code": code, "message": message}))


def invalid(http_status: int, problems: list[str]) -> Answer:
    """Give the "Fail Response" of the loyalty pages for one or more validation messages."""
    body = {"status": 1, "code": "999", "message": problems[0], "errors": problems}
    return Answer(http_status, dumps(body))


def money(amount: Amount) -> Decimal:
    """Give *amount* with at least two decimals, as the pages print a balance."""
    exact = Decimal(amount)
    exponent = exact.as_tuple().exponent
    if isinstance(exponent, int) and exponent <= -2:
        return exact
    return exact.quantize(_CENTS, context=_WIDE)


def moment(at: datetime, tick: int) -> str:
    """Give *at* as .NET prints it: seven fractional digits (*tick* is the last) and the offset."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}{tick % 10}+00:00"


def wallet_page(wallet: LedgerWallet, balance: Amount, *, created: str | None = None) -> dict[str, Any]:
    """Give the wallet as IncreaseLoyaltyBalance and its sisters print it."""
    extra = wallet.extra
    zero = Decimal("0.00")
    return {
        "id": extra["id"],
        "name": extra["name"],
        "account_number": extra["account_number"],
        "account_type": "Bireysel",
        "created_date_utc": created or extra["created_date_utc"],
        "number": wallet.key,
        "phone_country_code": None,
        "phone_number": None,
        "email": None,
        "total_balance": money(balance),
        # Constant: the page shows 0.0 after an increase of 25, so they count something else.
        "monthly_incoming_total": Decimal("0.0"),
        "monthly_outgoing_total": Decimal("0.0"),
        "access_level_status_id": 1,
        "access_level_status": "Aktif",
        "payment_balance": {"available": money(balance), "unavailable": zero},
        "cash_balance": {"available": zero, "unavailable": zero},
        # Printed, not enforced: the pages show no answer to a balance beyond them.
        "transaction_limits": dict.fromkeys(_LIMITS, Decimal("50000.0000")),
        "kyc_level_status": None,
        "currency_code": extra["currency_code"],
        "user_kyc_info": None,
        "is_topup_default": False,
        "tax_number": None,
        "loyalty_record_required": False,
    }


def wallet_info(wallet: LedgerWallet, balance: Amount) -> dict[str, Any]:
    """Give the payload of Wallet/Info: the same wallet, wrapped, with tenant and personal data."""
    person = {
        "first_name": "Ayşe",
        "last_name": "Yılmaz",
        "birth_year": 1990,
        "kyc_level": 1,
        "national_id": "10000000146",
    }
    page = wallet_page(wallet, balance) | {"user_kyc_info": person, "tenant_id": "1"}
    return {"wallet_info": page}


def history_row(entry: Entry, wallet: LedgerWallet) -> dict[str, Any]:
    """Give one row of SummaryRecordByFilter.

    Invention: no page shows a loyalty movement in this list, so its type codes and names are made up.
    """
    at = moment(entry.created_at, entry.sequence)
    credit = entry.kind == "credit"
    amount = money(entry.amount)
    return {
        "id": entry.transaction_id,
        "tenant_id": "1",
        "tx_group_correlation_id": entry.extra.get("tx_group_correlation_id"),
        "tx_ref_correlation_id": None,
        "wallet_id": wallet.extra["id"],
        "transaction_type_id": 9001 if credit else 9002,
        "transaction_type": "LoyaltyIncrease" if credit else "LoyaltyDecrease",
        "transaction_status_id": 20,
        "transaction_status": "NormalCompleted",
        "result_code": "Success",
        "tx_additional_data_json": None,
        "created_date_utc": at,
        "updated_date_utc": at,
        "completed_date_utc": at,
        "tx_base_amount": amount,
        "tx_additional_fee": Decimal("0.00"),
        "tx_amount_with_additional_fee": amount,
        "currency_code": wallet.extra["currency_code"],
        "from_account_number": None if credit else wallet.extra["account_number"],
        "from_wallet_number": None if credit else wallet.key,
        "to_account_number": wallet.extra["account_number"] if credit else None,
        "to_wallet_number": wallet.key if credit else None,
        "ext_transaction_id": entry.reference,
        "description": entry.description,
    }


def title(name: str) -> str:
    """Give a field's name as the validation messages print it: `'Ext Transaction Id'`."""
    return f"'{name.replace('_', ' ').title()}'"


def missing(body: Mapping[str, Any], names: tuple[str, ...]) -> list[str]:
    """Give the page's message for each field of *names* that is absent, null or blank."""
    empty = (None, "")
    return [
        f"{title(name)} must not be empty."
        for name in names
        if (value.strip() if isinstance(value := body.get(name), str) else value) in empty
    ]
