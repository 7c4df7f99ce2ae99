"""What was told of each reference, against the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from tests.compare.client import Told


@attrs.frozen(kw_only=True)
class Tally:
    """References by what became of them; each is counted once."""

    once: int = 0
    """Said to be paid, and booked once."""
    doubled: int = 0
    """Booked twice or more, whatever was said."""
    lost: int = 0
    """Said to be paid, or given up, and not booked."""
    denied: int = 0
    """Said to have failed, and booked: whoever believes that and pays again pays twice."""
    unknown: int = 0
    """Said to be unknown: a person has to look."""

    def __add__(self, other: Tally) -> Tally:
        return Tally(**{name: getattr(self, name) + getattr(other, name) for name in attrs.fields_dict(Tally)})

    @property
    def sound(self) -> bool:
        """Whether each was paid once."""
        return not (self.doubled or self.lost or self.denied or self.unknown)


def tally(told: Mapping[str, Told], descriptions: Iterable[str]) -> Tally:
    """Compare what was told with the descriptions of the rows that the ledger has; a reference is the last word."""
    booked = Counter(description.split()[-1] for description in descriptions)
    counts: Counter[str] = Counter()
    for reference, said in told.items():
        counts[_what(said, booked[reference])] += 1
    return Tally(**counts)


def _what(said: Told, booked: int) -> str:
    if booked > 1:
        return "doubled"
    if said == "unknown":
        return "unknown"
    if said == "paid":
        return "once" if booked else "lost"
    return "denied" if booked else "lost"


def descriptions(sandbox: Any) -> list[str]:
    """Give the descriptions of all that a stand-in has booked."""
    return [entry.description for entry in sandbox.ledger.entries()]
