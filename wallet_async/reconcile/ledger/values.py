"""What a text of a ledger means: pure rules, and what is wrong with the texts that they refuse."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from wallet_async.engine import checks
from wallet_async.engine.errors import InvalidInputError
from wallet_async.engine.redact import printable

_SHOWN = 40
"""Characters of a text that an error repeats."""

_SHORT = 512
"""Characters of an id that `checks.plain` takes for certain, if each of them is printable."""

_AMOUNT = re.compile(r"\s*([+-]?)0*([0-9]{1,26})(?:\.([0-9]{1,12})0*)?\s*")
"""What `wallet_async.reconcile.model.AMOUNT` holds exactly. Zeros around it change nothing."""
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_EXPONENT = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?[eE][+-]?[0-9]+")
_COMMA = re.compile(r"[+-]?[0-9.,]*,[0-9.,]*")

_DATE_ONLY = len("2024-01-31")
"""Characters of the longest date that ISO 8601 writes without a time of day."""


class UnreadableError(ValueError):
    """Why one line of a ledger is unreadable, in one sentence."""


def shown(text: str) -> str:
    """Give the beginning of *text*, as an error may show it."""
    return f"'{printable(text[:_SHOWN])}{'…' if len(text) > _SHOWN else ''}'"


def identifier(name: str, text: str | None) -> str:
    """Take an id, a reference or a currency as it stands.

    Raises:
        UnreadableError: It could not be sent to a provider as it stands.
    """
    if not text:
        raise UnreadableError(f"{name} is empty")
    if text.isprintable() and len(text) <= _SHORT:
        return text  # four of them a row: the check that explains takes most of the time
    try:
        return checks.plain(name, text)
    except InvalidInputError as error:
        raise UnreadableError(error.message) from None


def amount(text: str | None) -> tuple[bool, str]:
    """Give whether an amount is below zero, and how much it is, both exactly as written.

    Raises:
        UnreadableError: It is 0, no plain decimal number, or has more digits than are kept.
    """
    found = _AMOUNT.fullmatch(text or "")
    if found is None:
        raise UnreadableError(_no_amount((text or "").strip()))
    sign, whole, fraction = found.groups(default="0")
    if not (whole + fraction).strip("0"):
        raise UnreadableError("amount is 0, which is no movement")
    return sign == "-", f"{whole}.{fraction}"


def _no_amount(text: str) -> str:
    """Say what is wrong with an amount, from the most telling fault to the least."""
    if not text:
        return "amount is empty"
    if _EXPONENT.fullmatch(text):
        return f"amount {shown(text)} has an exponent: it went through a float, which is not exact"
    if _COMMA.fullmatch(text):
        return f"amount {shown(text)} has a comma; expected a decimal point and nothing between thousands"
    if _NUMBER.fullmatch(text):
        return f"amount {shown(text)} has more than 26 digits before the point or more than 12 after it"
    return f"amount {shown(text)} is no plain decimal number such as 12.50"


def moment(text: str) -> datetime:
    """Read a time in ISO 8601, aware if the text names a zone. Of a fraction of a second, six digits are kept.

    Raises:
        UnreadableError: It is none, or a date without a time of day.
    """
    stripped = text.strip()
    try:
        parsed = datetime.fromisoformat(stripped)
    except ValueError:
        raise UnreadableError(f"created_at {shown(text)} is no time such as 2024-01-31T23:59:59+03:00") from None
    if len(stripped) <= _DATE_ONLY:
        raise UnreadableError(f"created_at {shown(text)} has no time of day")
    return parsed


def in_utc(parsed: datetime, zone: ZoneInfo | None) -> datetime:
    """Give an aware time in UTC; *zone* is what a time without one is in.

    Raises:
        UnreadableError: The clocks of *zone* never showed it, or did twice; or it lies outside the years 1 to 9999.
    """
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=zone)
        # Where clocks jump, the two readings of one local time differ, and which was meant nobody knows.
        if parsed.utcoffset() != parsed.replace(fold=1).utcoffset():
            raise UnreadableError(
                f"created_at '{parsed:%Y-%m-%d %H:%M:%S}' is in {zone} either skipped or there twice, "
                "since the clocks change; it has to name its offset"
            )
    try:
        return parsed.astimezone(UTC)
    except OverflowError:
        raise UnreadableError(f"created_at {shown(str(parsed))} lies outside the years 1 to 9999") from None
