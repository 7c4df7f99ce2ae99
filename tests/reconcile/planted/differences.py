"""What is planted: of every class, in every way it can come about; each notes what has to be reported."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from tests.reconcile.planted.innocent import FIRM, Filler
from tests.reconcile.planted.made import WINDOW, Known, Slot

_BEYOND = WINDOW.total_seconds() + 1


def lost(slot: Slot, known: Known) -> None:
    """The ledger has it, the provider does not."""
    absent = slot.numbers.transaction_id() if "id" in known else ""
    line = slot.line(reference=slot.name if "reference" in known else "", transaction_id=absent)
    slot.plant("missing_at_provider", line)


def stranger(slot: Slot, *, marked: bool) -> None:
    """The provider has it, the ledger does not."""
    slot.plant("missing_in_ledger", row=slot.row(slot.name if marked else None))


def _two_strangers(slot: Slot, line: int, row: str) -> None:
    slot.plant("missing_at_provider", line)
    slot.plant("missing_in_ledger", row=row)


def too_far(slot: Slot) -> None:
    """Alike and known by nothing, one second more than the window apart: two movements."""
    _two_strangers(slot, *slot.pair("nothing", slot.after(seconds=_BEYOND)))


def contradicted(slot: Slot, *, by_id: bool) -> None:
    """Alike at one time, and yet two movements: their references differ, or the ledger's id is not there."""
    row = slot.row(None if by_id else f"{slot.name}/b")
    absent = slot.numbers.transaction_id() if by_id else ""
    _two_strangers(slot, slot.line(reference="" if by_id else slot.name, transaction_id=absent), row)


def other_amount(slot: Slot, known: Known, *, other_time: bool = False) -> None:
    """The amount differs; the time may, too: the amount is what is told."""
    row = slot.after(days=2) if other_time else slot
    slot.plant("amount_differs", *slot.pair(known, row.other(amount=slot.amount + 1)))


def other_kind(slot: Slot, known: Known, *, other_amount: bool = False) -> None:
    """Credit here, debit there; the amount may differ, too: the kind is what is told."""
    kind = "debit" if slot.kind == "credit" else "credit"
    amount = slot.amount + 1 if other_amount else slot.amount
    slot.plant("kind_differs", *slot.pair(known, slot.other(kind=kind, amount=amount)))


def other_time(slot: Slot, known: Known) -> None:
    """Booked later than the window allows, or earlier."""
    seconds = slot.numbers.random.choice([_BEYOND, -_BEYOND, 4_000, 400_000])
    slot.plant("time_differs", *slot.pair(known, slot.after(seconds=seconds)))


def booked_twice(slot: Slot, known: Known, *, in_ledger: bool = True) -> None:
    """A reference is booked twice at the provider; where the ledger has none of them, one of them is missing in it."""
    if in_ledger:
        slot.pair(known)
    else:
        slot.plant("missing_in_ledger", row=slot.row(slot.name))
    slot.plant("duplicated_at_provider", row=slot.after(minutes=2).row(slot.name))


def named_one_of_two(slot: Slot) -> None:
    """A reference is booked twice, and the ledger names the later: the earlier is the one too many."""
    early = slot.row(slot.name)
    slot.after(minutes=2).pair("id and reference")
    slot.plant("duplicated_at_provider", row=early)


def written_twice(slot: Slot, known: Known, *, minutes: float = 0, at_provider: bool = True) -> None:
    """A movement stands twice in the ledger; where the provider has none of them, one of them is missing there."""
    row = slot.row(slot.name if "reference" in known else None) if at_provider else ""
    says = {"reference": slot.name if "reference" in known else "", "transaction_id": row if "id" in known else ""}
    line = slot.line(**says)
    if not at_provider:
        slot.plant("missing_at_provider", line)
    slot.plant("duplicated_in_ledger", slot.after(minutes=minutes).line(**says))


def unreadable(slot: Slot, *, amount: str | None = None, kind: str | None = None) -> None:
    """A line that cannot be read, of which the provider knows nothing."""
    line = slot.other(kind=kind or slot.kind).line(amount=amount)
    slot.plant("unreadable_row", line)


def uneven(slot: Slot, lines: int, rows: int) -> None:
    """Alike but not as many on each side: nothing tells which has no partner."""
    for minute in range(lines):
        slot.plant("ambiguous", line=slot.after(minutes=minute).line())
    for minute in range(rows):
        slot.plant("ambiguous", row=slot.after(minutes=minute, seconds=30).row())


def named_otherwise(slot: Slot) -> None:
    """The ledger names an id that is not there, and a reference that is booked under another: never just missing."""
    row = slot.row(slot.name)
    slot.plant("ambiguous", slot.line(reference=slot.name, transaction_id=slot.numbers.transaction_id()), row)


def opened(slot: Slot) -> None:
    """The wallet holds more than its history shows."""
    slot.wallet.opening = slot.numbers.random.randrange(1, 10_000)
    slot.plant("balance_differs")


PLANTED: Mapping[str, tuple[Filler, ...]] = {
    "missing_at_provider": tuple(partial(lost, known=known) for known in (*FIRM, "nothing")),
    "missing_in_ledger": (
        *(partial(stranger, marked=marked) for marked in (True, False)),
        *(partial(contradicted, by_id=by_id) for by_id in (True, False)),
        too_far,
    ),
    "amount_differs": (
        *(partial(other_amount, known=known) for known in FIRM),
        partial(other_amount, known="reference", other_time=True),
    ),
    "kind_differs": (
        *(partial(other_kind, known=known) for known in FIRM),
        partial(other_kind, known="id", other_amount=True),
    ),
    "time_differs": tuple(partial(other_time, known=known) for known in FIRM),
    "duplicated_at_provider": (
        *(partial(booked_twice, known=known) for known in ("reference", "id and reference")),
        partial(booked_twice, known="reference", in_ledger=False),
        named_one_of_two,
    ),
    "duplicated_in_ledger": (
        *(partial(written_twice, known=known) for known in FIRM),
        partial(written_twice, known="reference", minutes=3),
        partial(written_twice, known="reference", at_provider=False),
    ),
    "unreadable_row": (
        *(partial(unreadable, amount=text) for text in ("ten", "", "12,50", "1e16")),
        partial(unreadable, kind="gift"),
    ),
    "ambiguous": (
        partial(uneven, lines=3, rows=2),
        partial(uneven, lines=1, rows=2),
        named_otherwise,
    ),
    "balance_differs": (opened,),
}
"""By class, what makes one of it; some make one of another class beside."""
