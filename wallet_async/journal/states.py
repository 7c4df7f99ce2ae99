"""What may become of an entry, and what a call finds to do: decisions only, no I/O.

- ``prepared -> sending -> applied | refused | in_doubt``
- ``sending -> prepared``: the request certainly did not leave
- ``in_doubt -> applied | not_applied``: the provider's history told, or a person decided
- ``in_doubt -> in_doubt``: for another reason, such as that a person has to look
- ``refused | not_applied -> sending``: another try, since nothing was booked
"""

from __future__ import annotations

from attrs import frozen

from wallet_async.journal.entry import Entry, State

NEXT: dict[State, frozenset[State]] = {
    "prepared": frozenset({"sending"}),
    "sending": frozenset({"prepared", "applied", "refused", "in_doubt"}),
    "in_doubt": frozenset({"in_doubt", "applied", "not_applied"}),
    "refused": frozenset({"sending"}),
    "not_applied": frozenset({"sending"}),
    "applied": frozenset(),
}
"""The states that may follow each."""


@frozen
class Send:
    """Nothing stands in the way: make it ``sending`` as attempt *attempt*, and send it."""

    attempt: int


@frozen
class Give:
    """It is booked: give the receipt that was kept."""

    receipt: str


@frozen
class Recall:
    """It is booked, and the journal has no receipt (any more): the provider's history may show it."""


@frozen
class Conflict:
    """The reference stands for another movement."""


@frozen
class Wait:
    """Another call is sending it; it will have ended, or be in doubt, at *until*."""

    until: int


@frozen
class Settle:
    """It may have been booked: only the provider's history can tell."""


Step = Send | Give | Recall | Conflict | Wait | Settle


def step(entry: Entry | None, fingerprint: str, now: int) -> Step:
    """Say what a call has to do that finds *entry* under its reference.

    Args:
        entry: What the journal has, or None.
        fingerprint: Of the movement that is asked for.
        now: Microseconds since 1970.
    """
    if entry is None:
        return Send(1)
    if entry.fingerprint != fingerprint:
        return Conflict()
    match entry.state:
        case "applied":
            return Recall() if entry.receipt is None else Give(entry.receipt)
        case "in_doubt":
            return Settle()
        case "sending":
            return Wait(entry.send_by) if now < entry.send_by else Settle()
        case "prepared" | "refused" | "not_applied":
            return Send(entry.attempt + 1)


def may_follow(old: State, new: State) -> bool:
    """Whether an entry in state *old* may become *new*."""
    return new in NEXT[old]


def may_claim(found: Entry | None, entry: Entry) -> bool:
    """Whether *entry*, which is to be sent, may be written where *found* stands."""
    if found is None:
        return entry.attempt <= 1
    same = (entry.fingerprint, entry.created_at) == (found.fingerprint, found.created_at)
    return same and entry.attempt == found.attempt + 1 and may_follow(found.state, "sending")


def may_record(old: State, new: State) -> bool:
    """Whether *new* may be recorded as what became of *old*; only a claim makes an entry ``sending``."""
    return new != "sending" and may_follow(old, new)
