"""How an own ledger is to be read, and what one of its lines becomes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from attrs import Factory, field, frozen

from wallet_async.engine.checks import reject

Unreadable = Literal["refuse", "report"]
"""What becomes of a ledger with unreadable lines."""


def _known_zone(_: Any, __: Any, name: object) -> None:
    if name is None:
        return
    try:
        ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise reject("zone", name, "the name of a time zone such as 'Europe/Istanbul'") from None


def _known_unreadable(_: Any, __: Any, value: object) -> None:
    if value not in get_args(Unreadable):
        raise reject("unreadable", value, "'refuse' or 'report'")


def _another_word(instance: Any, _: Any, value: str) -> None:
    if value.casefold() == instance.credit.casefold():
        raise reject("debit", value, "another word than that for a credit")


@frozen(kw_only=True)
class Reading:
    """How the own ledger is to be read."""

    columns: Mapping[str, str] = Factory(dict)
    """Header of each of our columns that is not to be found by its name; an empty one leaves the column out."""
    zone: str | None = field(default=None, validator=_known_zone)
    """Zone of times that name none, such as ``Europe/Istanbul``; None: such times are refused.

    A time that clocks there skip, or show twice, is unreadable: which was meant, nobody knows.
    """
    credit: str = "credit"
    """What the ledger calls a credit; case does not count."""
    debit: str = field(default="debit", validator=_another_word)
    """What the ledger calls a debit; case does not count."""
    unreadable: Unreadable = field(default="refuse", validator=_known_unreadable)
    """``refuse`` the whole ledger, or go on without its unreadable lines and ``report`` them."""


class LedgerRow(NamedTuple):
    """A line of the own ledger; the fields are `LEDGER_COLUMNS`. Millions are made: a tuple takes half the time.

    An unreadable one has a ``problem``, its wallet if that could be read, and nothing else.
    """

    line: int
    wallet: str | None
    kind: str | None = None
    amount: str | None = None
    created_at: datetime | None = None
    transaction_id: str | None = None
    reference: str | None = None
    mark: str | None = None
    currency: str | None = None
    problem: str | None = None
