"""What a person decides of a movement that the provider's history cannot settle: decisions only, no I/O."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from attrs import field, frozen

from wallet_async.engine.checks import plain, reject
from wallet_async.engine.errors import InvalidInputError
from wallet_async.journal.entry import Entry, State
from wallet_async.journal.settling import Settling, provable

_BY_PERSON = "decided by a person: "
"""What `Entry.reason` begins with then."""


def _is_bool(_instance: object, _attribute: object, value: Any) -> None:
    if not isinstance(value, bool):  # "no" would be taken for yes
        raise reject("booked", value, "True or False")


def _is_sentence(_instance: object, _attribute: object, value: Any) -> None:
    plain("reason", value)


@frozen(kw_only=True)
class Decision:
    """What a person has found out.

    Raises:
        InvalidInputError: A value does not fit.
    """

    booked: bool = field(validator=_is_bool)
    reason: str = field(validator=_is_sentence)
    """How the person knows."""


def follow(entry: Entry, decision: Decision, now: int, settling: Settling) -> tuple[State, str]:
    """Say what *entry* becomes next by *decision*, and the reason that is kept with it.

    What is ``sending`` and must have ended becomes ``in_doubt`` first, and is decided after that.

    Args:
        entry: What the journal has.
        decision: The person's.
        now: Microseconds since 1970.
        settling: What is believed of the provider.

    Raises:
        InvalidInputError: It is not for a person to decide, or not yet.
    """
    subject = f"{entry.reference!r} at {entry.service!r}"
    under_way = entry.state == "sending" and now < entry.send_by
    if under_way or entry.state not in {"sending", "in_doubt"}:
        raise InvalidInputError(f"{subject} is {entry.state}: only what is in_doubt is for a person to decide")
    until = provable(entry, settling)
    if not decision.booked and now <= until:
        moment = f"{datetime.fromtimestamp(until / 1e6, UTC):%Y-%m-%d %H:%M:%S} UTC"
        raise InvalidInputError(f"{subject} may still be booked: nobody can say that it was not before {moment}")
    if entry.state == "sending":
        return "in_doubt", "nobody wrote its end"
    return ("applied" if decision.booked else "not_applied"), f"{_BY_PERSON}{decision.reason}"


def decided(entry: Entry | None) -> bool:
    """Whether a person has said what became of *entry*."""
    if entry is None or entry.state not in {"applied", "not_applied"}:
        return False  # in another state the reason may be the provider's text, and that may be anything
    return (entry.reason or "").startswith(_BY_PERSON)
