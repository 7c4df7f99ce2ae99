"""What looks like a difference and is none: each fills a slot of a wallet, and none of it may be reported."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial

from tests.reconcile.planted.made import WINDOW, Known, Slot

Filler = Callable[[Slot], object]
"""Fills a slot."""
FIRM: tuple[Known, ...] = ("id", "id and reference", "reference")
"""Ways to be known for certain."""


def plain(slot: Slot, known: Known) -> None:
    """The same on both sides, a moment apart."""
    slot.pair(known, slot.after(seconds=slot.numbers.random.uniform(0, 90)))


def late(slot: Slot, known: Known) -> None:
    """Booked later, up to the window and not beyond; Sipay's times may be rounded up by a microsecond."""
    window = WINDOW.total_seconds()
    slot.pair(known, slot.after(seconds=slot.numbers.random.choice([60, window / 2, window - 1, window - 1e-6])))


def written_otherwise(slot: Slot, known: Known) -> None:
    """One amount in two spellings."""
    whole = slot.amount.to_integral_value() + 1
    slot.other(amount=whole).pair(known, slot.other(amount=whole.quantize(Decimal("0.01"))))


def half_known(slot: Slot, *, by_ledger: bool) -> None:
    """Only one side shows the reference: nothing contradicts that they are one."""
    slot.row(None if by_ledger else slot.name)
    slot.line(reference=slot.name if by_ledger else "")


def timeless(slot: Slot, known: Known) -> None:
    """The ledger has no time; what is known by nothing has an amount that stands once in its wallet."""
    once = Decimal(7_000_000) + int(slot.name.rpartition("-")[2])
    slot.other(amount=once).pair(known, timed=False)


def there_and_back(slot: Slot, known: Known) -> None:
    """A movement and the opposite one, under one reference where there is one."""
    slot.pair(known)
    slot.other(kind="debit" if slot.kind == "credit" else "credit").after(minutes=5).pair(known)


def in_parts(slot: Slot) -> None:
    """One reference, booked twice on both sides."""
    slot.pair("reference")
    slot.after(minutes=5).pair("reference")


def alike(slot: Slot) -> None:
    """As many on each side, and nothing to tell them apart: paired in order of time, and told as a note."""
    for minutes in range(slot.numbers.random.choice([2, 3])):
        line, row = slot.after(minutes=minutes).pair("nothing")
        slot.plant("ambiguous", line, row, severity="note")


USUAL: tuple[Filler, ...] = tuple(partial(plain, known=known) for known in (*FIRM, "reference", "nothing"))
"""What most movements are."""
ODD: tuple[Filler, ...] = (
    *(partial(late, known=known) for known in (*FIRM, "nothing")),
    *(partial(written_otherwise, known=known) for known in (*FIRM, "nothing")),
    *(partial(half_known, by_ledger=by_ledger) for by_ledger in (True, False)),
    *(partial(timeless, known=known) for known in (*FIRM, "nothing")),
    *(partial(there_and_back, known=known) for known in (*FIRM, "nothing")),
    in_parts,
    alike,
)
"""What looks like a difference."""
