"""Rehook's wallet calls as plain values: arguments to `Call`, `Reply` to model or error. No I/O.

S1 is the page "Update wallet", S2 "Wallet transactions", R1 "Get customer wallets" (docs.rehook.ai).
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from attrs import frozen

from rehook_async.errors import read_envelope, read_error, read_request_id
from rehook_async.models import Movement, Receipt, Transaction, Wallet
from wallet_async.engine import codec, redact
from wallet_async.engine.calls import Call, Reply
from wallet_async.engine.checks import identifier
from wallet_async.engine.errors import DecodeError, NotFoundError
from wallet_async.engine.marker import marker, stamp
from wallet_async.engine.rows import RowReader
from wallet_async.engine.structure import Decoder

BASE_URL = "https://api.rehook.ai"
"""Where the API answers (S1, S2)."""

PAGE_SIZE = 20
""" "API returns max of 20 transactions in one page" (S2)."""

FIRST_PAGE = 1
"""Default of ``page`` (S2)."""

_EMPTY = (b"", b"null", b"{}")
"""The "empty response" for a wrong wallet_id (S1, S2): its form is not specified."""

_KNOWN = frozenset({"wallet_id", "wallet_name", "currency", "singular_unit_name", "plural_unit_name", "loyalty_points"})


@frozen(kw_only=True)
class _Booked:
    """The answer to a PUT (S1), names unified."""

    transaction_id: str
    id: str
    wallet_id: str
    loyalty_points: int | Decimal
    previous_loyalty_points: int | Decimal
    points: int | Decimal
    description: str


_transactions: Decoder[list[Transaction]] = Decoder(list[Transaction])
_usual_transactions = RowReader(Transaction)
_wallets: Decoder[list[Wallet]] = Decoder(list[Wallet])
_booked: Decoder[_Booked] = Decoder(_Booked)


def wallets_call(source_id: str) -> Call:
    """R1: the wallets of a customer."""
    target = f"/wallets/customer/{identifier('source_id', source_id)}"
    return Call(operation="wallets", method="GET", target=target, repeatable=True)


def transactions_target(source_id: str, wallet_id: str) -> str:
    """The path of a wallet's history, to which movements are sent too."""
    return f"/wallets/customer/{identifier('source_id', source_id)}/transactions/{identifier('wallet_id', wallet_id)}"


def transactions_call(target: str, page: int) -> Call:
    """S2: one page of a history; *target* comes from `transactions_target`."""
    return Call(operation="transactions", method="GET", target=f"{target}?page={page}", repeatable=True)


def mark(reference: str) -> str:
    """The mark of *reference* in a description: Rehook has no field for it."""
    return marker("rehook", reference)


def movement_call(movement: Movement, description: str) -> Call:
    """S1: one credit or debit. A PUT, and yet running it twice pays twice; *description* comes from `stamped`."""
    fields = {"description": description, "points": movement.points, "type": movement.kind}
    return Call(
        operation=movement.kind,
        method="PUT",
        target=transactions_target(movement.source_id, movement.wallet_id),
        body=codec.dumps(fields),
        repeatable=False,
    )


def stamped(movement: Movement) -> str:
    """The description that goes out: with the mark in front if there is a reference."""
    if movement.reference is None:
        return movement.description
    return stamp(mark(movement.reference), movement.description)


def read_transactions(reply: Reply, page: int) -> list[Transaction]:
    """Read one page.

    Raises:
        NotFoundError: The customer is unknown, or page 1 is empty in the way documented for an unknown wallet.
        DecodeError: A row does not fit.
    """
    if reply.status == 200 and (usual := _usual_transactions(reply.body)) is not None:
        return usual
    body = _success(reply)
    if body.strip() in _EMPTY:
        if page > FIRST_PAGE:
            return []  # past the end may look the same
        raise NotFoundError(
            "the empty response Rehook gives for a wallet_id it does not know; wallets(source_id) lists those it knows",
            status=reply.status,
            not_applied=True,
        )
    return _transactions(_rows(reply, body, "transaction_id", "txn_id"))


def read_wallets(reply: Reply) -> list[Wallet]:
    """Read the wallets of a customer, unknown fields kept.

    Raises:
        WalletError: The answer is an error or does not fit.
    """
    body = _success(reply)
    rows = _rows(reply, body, "balance", "loyalty_points") if body.strip() not in _EMPTY else []
    return _wallets([_with_extra(row) for row in rows] if isinstance(rows, list) else rows)


def _with_extra(row: Any) -> Any:
    if not isinstance(row, dict):
        return row
    return row | {"extra": {name: value for name, value in row.items() if name not in _KNOWN}}


def read_receipt(movement: Movement, description: str) -> Callable[[Reply], Receipt]:
    """Make the reader of the answer to *movement*, sent with *description*: only one that repeats it is a success.

    The reader raises a `WalletError` otherwise; if that leaves open whether it was booked, the sender says so.
    """

    def read(reply: Reply) -> Receipt:
        body = _success(reply)
        if body.strip() in _EMPTY:
            raise DecodeError(
                "the empty response Rehook gives for a wallet_id it does not know; it proves nothing about the booking"
            )
        found = codec.loads(body)
        booked = _booked(_renamed(found, "transaction_id", "txn_id"))
        sent = (movement.wallet_id, movement.points, description)
        if (booked.wallet_id, booked.points, booked.description) != sent:
            raise DecodeError("the answer does not repeat what was sent", excerpt=redact.excerpt(body))
        return Receipt(
            transaction_id=booked.transaction_id,
            customer_id=booked.id,
            wallet_id=booked.wallet_id,
            type=movement.kind,
            points=booked.points,
            balance=booked.loyalty_points,
            previous_balance=booked.previous_loyalty_points,
            description=movement.description,
            reference=movement.reference,
            request_id=read_request_id(found),
        )

    return read


def receipt_of(movement: Movement, row: Transaction) -> Receipt:
    """Make the receipt of *movement* from the row it was booked as, which tells less than an answer does."""
    return Receipt(
        transaction_id=row.transaction_id,
        customer_id=None,
        wallet_id=movement.wallet_id,
        type=movement.kind,
        points=row.points,
        balance=None,
        previous_balance=None,
        description=movement.description,
        reference=movement.reference,
        request_id=None,
    )


def _success(reply: Reply) -> bytes:
    """Give the body of a 2xx that is not an error in disguise."""
    # A list is no envelope: to look for one in a page of rows takes as long as the rest of this function.
    if not 200 <= reply.status < 300 or (not reply.body.startswith(b"[") and read_envelope(reply) is not None):
        raise read_error(reply)
    return reply.body


def _rows(reply: Reply, body: bytes, name: str, alias: str) -> Any:
    try:
        rows = codec.loads(body)
    except DecodeError as error:
        error.excerpt = redact.excerpt(reply.body)
        raise
    return [_renamed(row, name, alias) for row in rows] if isinstance(rows, list) else rows


def _renamed(row: Any, name: str, alias: str) -> Any:
    if isinstance(row, dict) and name not in row and alias in row:
        return row | {name: row[alias]}
    return row
