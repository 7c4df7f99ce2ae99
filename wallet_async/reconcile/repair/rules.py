"""Which movement would make the two sides of a difference agree, and which differences are for others. Pure."""

from __future__ import annotations

from datetime import datetime
from decimal import Context, Decimal, Inexact
from enum import Enum, auto
from hashlib import sha256
from typing import Literal

from attrs import frozen

from wallet_async.engine.calls import Kind, opposite

FIX = "fix:"
"""How the reference of a correction begins: of a movement that the ledger has no reference for."""
CORRECTION = "Correction"
"""What the customer reads in the history of a correction. A movement that was only missing needs no such word."""

_EXACT = Context(prec=60, traps=[Inexact])

Where = Literal["provider", "ledger"]


@frozen(kw_only=True)
class Found:
    """A difference as a repair knows it; names as in `DIFFERENCE_COLUMNS`, None where its side has nothing."""

    id: str
    label: str
    """Its class."""
    wallet: str
    ledger_kind: Kind | None = None
    ledger_amount: Decimal | None = None
    ledger_created_at: datetime | None = None
    ledger_transaction_id: str | None = None
    reference: str | None = None
    transaction_id: str | None = None
    kind: Kind | None = None
    amount: Decimal | None = None
    created_at: datetime | None = None
    currency: str | None = None
    detail: str = ""
    journal_state: str | None = None
    sharing: int = 1
    """How many differences of its class have its reference."""
    ordinal: int = 1
    """Which it is, from 1, among those of its class that nothing but the line tells apart."""
    corrected: bool | None = None
    """Whether the provider shows the very correction of it; None if it shows nothing under that reference."""
    correction: bool = False
    """Whether it is itself such a correction, which the ledger does not know."""


@frozen(kw_only=True)
class Repair:
    """One movement that makes the sides agree."""

    where: Where
    """Which side lacks it."""
    kind: Kind
    amount: Decimal
    """Above zero."""
    reference: str | None
    """What it is sent with, the same each time it is worked out; None for a line that the ledger may name itself."""
    description: str = ""


class Left(Enum):
    """Whose a difference is that gets no movement."""

    PERSON = auto()
    JOURNAL = auto()
    """The journal has it in doubt: it is settled, not repeated."""
    SETTLED = auto()
    """An earlier repair has been booked at the provider."""


def repair(found: Found) -> Repair | Left:
    """Say how to make the two sides of *found* agree."""
    if found.journal_state in {"sending", "in_doubt"}:
        return Left.JOURNAL
    if found.correction or found.corrected:
        return Left.SETTLED
    # A correction of another amount: what the ledger says has changed since, and to add to it would be a guess.
    made = None if found.corrected is False else _movement(found)
    return Left.PERSON if made is None else made


def _movement(found: Found) -> Repair | None:
    match found:
        case Found(label="missing_at_provider", ledger_kind=str(kind), ledger_amount=Decimal() as amount):
            return _again(found, kind, amount)
        case Found(label="missing_in_ledger", kind=str(kind), amount=Decimal() as amount):
            return Repair(where="ledger", kind=kind, amount=amount, reference=None)
        case Found(label="duplicated_at_provider", kind=str(kind), amount=Decimal() as amount):
            return _correction(found, "provider", opposite(kind), amount)
        case Found(label="duplicated_in_ledger", ledger_kind=str(kind), ledger_amount=Decimal() as amount):
            return _correction(found, "ledger", opposite(kind), amount)
        case Found(
            label="amount_differs" | "kind_differs",
            ledger_kind=str(wanted),
            ledger_amount=Decimal() as due,
            kind=str(kind),
            amount=Decimal() as amount,
        ):
            lacking = _EXACT.subtract(due, amount if kind == wanted else -amount)
            return _correction(found, "provider", wanted if lacking > 0 else opposite(wanted), abs(lacking))
    return None


def _again(found: Found, kind: Kind, amount: Decimal) -> Repair | None:
    """Make a line of the ledger at the provider, under its own reference, so that it cannot be made twice."""
    if found.reference is None:
        return _correction(found, "provider", kind, amount)
    if found.journal_state == "applied":
        return None  # nothing would be sent: what has become of it is for a person to ask
    if found.sharing > 1 or found.reference.startswith(FIX):
        # A reference stands for one movement; and what corrects the ledger was never meant for the provider.
        return None
    return Repair(where="provider", kind=kind, amount=amount, reference=found.reference)


def _correction(found: Found, where: Where, kind: Kind, amount: Decimal) -> Repair:
    return Repair(where=where, kind=kind, amount=amount, reference=_reference(found), description=CORRECTION)


def _reference(found: Found) -> str:
    """Make a reference of what is corrected: a row at the provider is corrected once, whatever the ledger says later.

    Nothing of it depends on the number of a line: a ledger that is written anew tomorrow has other numbers.
    """
    facts: tuple[object, ...] = (found.wallet, found.transaction_id)
    if found.transaction_id is None:
        line = (found.ledger_kind, plain(found.ledger_amount or Decimal()), found.ledger_created_at)
        facts = (found.wallet, found.label, found.ledger_transaction_id, found.reference, *line, found.ordinal)
    return FIX + sha256("\0".join(map(str, facts)).encode()).hexdigest()[:16]


def plain(amount: Decimal) -> str:
    """Write an amount with every digit it needs, and no exponent."""
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
