"""Sipay's loyalty calls as plain values: arguments to `Call`, `Reply` to model or error. No I/O.

L1 is the page "Increase loyalty balance", L2 "Decrease loyalty balance", L3 "Add loyalty program", L4 "Wallet info",
L6 "Transaction data" (walletapi.sipay.com.tr). Every call is a POST: whether it may be repeated is said here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from attrs import fields_dict, frozen

from loyalty_async.errors import read_payload, unfit
from loyalty_async.models import LoyaltyReceipt, LoyaltyTransaction, LoyaltyWallet, Movement
from wallet_async.engine import checks, codec
from wallet_async.engine.calls import Call, Reply
from wallet_async.engine.structure import Decoder

PAGE_SIZE = 20
"""Rows asked for in one request."""

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
"""``start_date`` when the caller names none. Without one Sipay shows the last three days only (L6), and a history would
silently be cut; a provider that finds the window too wide says so."""

_PATHS = {"credit": "/v1/Wallet/IncreaseLoyaltyBalance", "debit": "/v1/Wallet/DecreaseLoyaltyBalance"}

_SPELLINGS = {"available": ("avaiable",), "unavailable": ("unavaiable", "unavailble")}
"""The samples spell them right, the tables of L1 to L3 and of another page do not."""

_ROW = {
    "transaction_id": "id",
    "amount": "tx_base_amount",
    "created_at": "created_date_utc",
    "updated_at": "updated_date_utc",
    "completed_at": "completed_date_utc",
    "reference": "ext_transaction_id",
    "status_id": "transaction_status_id",
    "status": "transaction_status",
    "fee": "tx_additional_fee",
} | {
    name: name
    for name in (
        "result_code",
        "transaction_type_id",
        "transaction_type",
        "currency_code",
        "wallet_id",
        "from_wallet_number",
        "from_account_number",
        "to_wallet_number",
        "to_account_number",
        "tx_group_correlation_id",
    )
}
"""Field of `LoyaltyTransaction` to field of L6."""

_KNOWN_IN_ROW = frozenset(_ROW.values())
_KNOWN_IN_WALLET = frozenset(fields_dict(LoyaltyWallet)) - {"extra"}

_wallet: Decoder[LoyaltyWallet] = Decoder(LoyaltyWallet)
_transactions: Decoder[list[LoyaltyTransaction]] = Decoder(list[LoyaltyTransaction])


@frozen(kw_only=True)
class Query:
    """Which rows of L6 to read; the same for every page of a walk."""

    selection: tuple[str, str]
    """Field and value that a row has to match: ``wallet_id`` or ``ext_transaction_id``."""
    start: datetime
    """Rows made at this moment or later."""
    end: datetime
    """Rows made until this moment."""


def movement_call(movement: Movement) -> Call:
    """L1, L2: one credit or debit. What is None is left out: whether null, "" and nothing are one is not documented."""
    fields = {
        "wallet_number": movement.wallet_number,
        "amount": movement.amount,
        "currency_code": movement.currency_code,
        "ext_transaction_id": movement.reference,
        "hash_key": movement.hash_key,
        "account_number": movement.account_number,
        "tx_group_correlation_id": movement.tx_group_correlation_id,
    }
    return _post(movement.kind, _PATHS[movement.kind], fields, repeatable=False)


def wallet_call(wallet_number: str, account_number: str | None) -> Call:
    """L4: one wallet. ``account_number`` is mandatory on one of its two pages and absent on the other."""
    fields = {
        "wallet_number": checks.plain("wallet_number", wallet_number),
        "account_number": None if account_number is None else checks.plain("account_number", account_number),
    }
    return _post("wallet", "/v1/Wallet/Info", fields, repeatable=True)


def add_program_call(account_number: str) -> Call:
    """L3: a loyalty wallet for an account. No page says that a second one gives the same wallet, so it is sent once."""
    fields = {"account_number": checks.plain("account_number", account_number)}
    return _post("add_program", "/v1/Wallet/AddLoyaltyProgram", fields, repeatable=False)


def transactions_call(query: Query, page: int) -> Call:
    """L6: one page of a history. Some pages require order, paging and dates, others do not: they are always sent."""
    field, value = query.selection
    fields = {
        field: value,
        "start_date": codec.format_timestamp(query.start),
        "end_date": codec.format_timestamp(query.end),
        "page_size": PAGE_SIZE,
        "page_index": page,
        "order_column": "CreatedDateUtc",
        "order_by": "desc",
    }
    return _post("transactions", "/v1/TransactionData/SummaryRecordByFilter", fields, repeatable=True)


def _post(operation: str, target: str, fields: Mapping[str, Any], *, repeatable: bool) -> Call:
    body = codec.dumps({name: value for name, value in fields.items() if value is not None})
    return Call(operation=operation, method="POST", target=target, body=body, repeatable=repeatable)


def read_receipt(movement: Movement) -> Callable[[Reply], LoyaltyReceipt]:
    """Make the reader of the answer to *movement*: only a success for the wallet it was sent to is one.

    The reader raises a `WalletError` otherwise; if that leaves open whether it was booked, the sender says so.
    """

    def read(reply: Reply) -> LoyaltyReceipt:
        wallet = _read_wallet(read_payload(reply))
        check_number(wallet, movement.wallet_number, reply)
        return LoyaltyReceipt(
            wallet_number=movement.wallet_number,
            type=movement.kind,
            amount=movement.amount,
            reference=movement.reference,
            wallet=wallet,
        )

    return read


def check_number(wallet: LoyaltyWallet, asked: str, reply: Reply) -> None:
    """Refuse an answer about another wallet. The account is not compared: L3's own sample answers with another one.

    Raises:
        DecodeError: It is about another wallet.
    """
    if wallet.number != asked:
        raise unfit("the answer is about another wallet than the one asked for", reply)


def read_added(reply: Reply) -> LoyaltyWallet:
    """Read the answer to L3.

    Raises:
        WalletError: The answer is an error or does not fit.
    """
    return _read_wallet(read_payload(reply))


def read_wallet(wallet_number: str) -> Callable[[Reply], LoyaltyWallet]:
    """Make the reader of the answer to L4, whose wallet stands in ``wallet_info``."""

    def read(reply: Reply) -> LoyaltyWallet:
        info = read_payload(reply).get("wallet_info")
        if not isinstance(info, dict):
            raise unfit(f"expected an object, got {codec.describe(info)} at $.payload.wallet_info", reply)
        wallet = _read_wallet(info)
        check_number(wallet, wallet_number, reply)
        return wallet

    return read


def receipt_of(movement: Movement) -> LoyaltyReceipt:
    """Make the receipt of *movement*, which the history shows as it was sent."""
    return LoyaltyReceipt(
        wallet_number=movement.wallet_number,
        type=movement.kind,
        amount=movement.amount,
        reference=movement.reference,
        wallet=None,
    )


def _read_wallet(found: Mapping[str, Any]) -> LoyaltyWallet:
    known = {name: value for name, value in found.items() if name in _KNOWN_IN_WALLET}
    for name in ("payment_balance", "cash_balance"):
        if isinstance(balance := known.get(name), dict):
            known[name] = _spelled(balance)
    return _wallet(known | {"extra": {name: value for name, value in found.items() if name not in _KNOWN_IN_WALLET}})


def _spelled(balance: Mapping[str, Any]) -> dict[str, Any]:
    return {
        right: next((balance[name] for name in (right, *wrong) if name in balance), None)
        for right, wrong in _SPELLINGS.items()
    }


def read_transactions(wallet_number: str) -> Callable[[Reply], list[LoyaltyTransaction]]:
    """Make the reader of one page of a history of *wallet_number*.

    The reader raises a `WalletError` if the answer is an error or does not fit.
    """

    def read(reply: Reply) -> list[LoyaltyTransaction]:
        rows = read_payload(reply).get("results")
        if not isinstance(rows, list):
            raise unfit(f"expected a list, got {codec.describe(rows)} at $.payload.results", reply)
        return _transactions([_row(row, wallet_number) for row in rows])

    return read


def _row(found: object, wallet_number: str) -> object:
    if not isinstance(found, dict):
        return found
    row: dict[str, Any] = {field: found[name] for field, name in _ROW.items() if name in found}
    unknown = len(found) > len(row)
    row["extra"] = {name: value for name, value in found.items() if name not in _KNOWN_IN_ROW} if unknown else {}
    row["type"] = _direction(found, wallet_number)
    return row


def _direction(found: Mapping[str, Any], wallet_number: str) -> str:
    leads_to = found.get("to_wallet_number") == wallet_number
    leads_away = found.get("from_wallet_number") == wallet_number
    if leads_to != leads_away:
        return "credit" if leads_to else "debit"
    return str(found.get("transaction_type") or "")


def is_of(row: LoyaltyTransaction, wallet_number: str, wallet_id: str | None = None) -> bool:
    """Whether *row* belongs to the wallet: by its numbers or, if it has none, by the wallet's id."""
    numbers = {row.from_wallet_number, row.to_wallet_number} - {None}
    return wallet_number in numbers if numbers else wallet_id is not None and row.wallet_id == wallet_id


def may_be_of(row: LoyaltyTransaction, wallet_number: str) -> bool:
    """Whether *row* belongs to the wallet, or names no wallet at all."""
    numbers = {row.from_wallet_number, row.to_wallet_number} - {None}
    return not numbers or wallet_number in numbers
