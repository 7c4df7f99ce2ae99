"""The movements of a plan, each booked once for its reference, through a session with a journal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar, cast

import attrs
from attrs import frozen

from wallet_async.engine.bulk import Done, Failed
from wallet_async.engine.calls import MovementLike
from wallet_async.engine.session import WalletSession
from wallet_async.journal import Journal, PrunedError
from wallet_async.journal.entry import Entry
from wallet_async.journal.kept import read_movement
from wallet_async.provider import Provider
from wallet_async.reconcile.linking import entries

T = TypeVar("T", bound=MovementLike)


@frozen(kw_only=True)
class Outcome:
    """What has become of one movement of a plan."""

    reference: str
    state: Literal["applied", "already", "refused", "unknown"]
    """Booked, and the journal had not known it; booked before; certainly not booked; or nothing says whether it was."""
    transaction_id: str | None = None
    """The provider's id of its row, where the receipt names it."""
    error: str | None = None
    """Why it was not booked, or why that is not known."""


async def apply_movements(
    provider: Provider,
    session: WalletSession,
    journal: Journal,
    movements: Sequence[MovementLike],
    *,
    concurrency: int,
    on_outcome: Callable[[Outcome], object],
) -> None:
    """Book the movements of a plan; a failure harms no other. Cancelled, it finishes those that have left, and no more.

    **Once** is what the journal makes of it: a plan has the same references each time it is written, and whoever shares
    the journal sends none of them twice. Beyond that nothing is looked up here. That a row is missing was proved when
    the histories were read, and they also show the corrections that were booked from elsewhere, which are not planned
    again. What is left open is another machine that applies the same plan meanwhile with a journal of its own:
    `Journal.declare_restored` makes one look in the whole history before each movement.

    Args:
        provider: Where.
        session: One of its sessions, made with *journal*.
        journal: Where the references of the application stand.
        movements: Of `PlanRow`; each has a reference.
        concurrency: Movements under way at once.
        on_outcome: Called with what has become of each, as it comes, also after a cancellation.

    Raises:
        JournalError: The journal cannot be read; nothing was sent.
    """
    ordered = _in_order(movements)
    references = [movement.reference or "" for movement in ordered]
    known = {entry.reference: entry async for entry in entries(journal, provider.name, references)}
    asked = [as_first_asked(movement, known.get(movement.reference or "")) for movement in ordered]
    run = provider.apply(session, asked, concurrency=concurrency)
    try:
        async for result in run:
            on_outcome(_outcome(result, known.get(result.item.reference)))
    finally:
        for result in run.unread:
            on_outcome(_outcome(result, known.get(result.item.reference)))


def _in_order(movements: Sequence[MovementLike]) -> list[MovementLike]:
    """Put credits first: a debit is refused where the wallet holds too little, and those of one wallet keep order."""
    return sorted(movements, key=lambda movement: movement.kind != "credit")


def _outcome(result: Done[Any, Any] | Failed[Any], before: Entry | None) -> Outcome:
    reference = result.item.reference
    if isinstance(result, Failed):
        error = result.error
        booked = isinstance(error, PrunedError)
        state: Literal["already", "refused", "unknown"] = (
            "already" if booked else "refused" if error.not_applied else "unknown"
        )
        return Outcome(reference=reference, state=state, error=error.message)
    # What the journal has in doubt is looked for in the history, and not sent: if it is there, it was booked before.
    sent = before is None or before.state not in {"applied", "in_doubt", "sending"}
    named = getattr(result.value, "transaction_id", None)
    return Outcome(reference=reference, state="applied" if sent else "already", transaction_id=named)


def as_first_asked(movement: T, entry: Entry | None) -> T:
    """Give *movement* as the journal has it, if that is the same but for what the plan does not say.

    A ledger has no description, and no account number. Asked for without them, what was refused last time would be
    another movement under the same reference.
    """
    if entry is None or not entry.movement:
        return movement
    first = read_movement(type(movement), entry.movement)
    names = [one.name for one in attrs.fields(cast(Any, type(movement)))]
    said = [name for name in names if getattr(movement, name) not in (None, "")]
    return first if all(getattr(first, name) == getattr(movement, name) for name in said) else movement
