"""What happens when: every fault is drawn from one seed, and counted under its row of the fault matrix."""

from __future__ import annotations

from collections import Counter
from functools import partial
from random import Random
from typing import Literal

from attrs import frozen

from tests.simulate import fates
from tests.simulate.fates import BY_ROW, FINE, OF_ANOTHER, SLOW, TWICE, Fate, What
from wallet_async.journal import Settling

StoreFault = Literal["before", "after", "slow"]

CONNECTING = ("1", "2", "3", "4", "5", "6", "7", "9")
"""Rows that strike while a connection is made."""


@frozen(kw_only=True)
class Sizes:
    """How large one episode is."""

    orders: int = 200
    wallets: int = 12
    workers: int = 6
    """Calls under way at once in each process."""


SETTLING = Settling(commit_within=20.0, shown_within=5.0, every=3.0)


@frozen(kw_only=True)
class Believed:
    """What is believed of the provider, and whether it keeps to it."""

    settling: Settling = SETTLING
    grace: float = 30.0
    """Seconds beyond D + L in which all has to end once nothing goes wrong any more."""
    beyond: bool = False
    """Whether requests may be carried out later than D."""

    harsh: bool = False
    """Whether more than half of all requests go wrong, in place of a share that is drawn."""

    only: str | None = None
    """The one provider to run, in place of any."""

    @property
    def bound(self) -> float:
        return self.settling.commit_within + self.settling.shown_within + self.grace


class Plan:
    """Draws, for one episode."""

    def __init__(self, rng: Random, believed: Believed) -> None:
        self.rng = rng
        self.believed = believed
        self.calm = False
        """Whether nothing goes wrong any more."""
        self.met: Counter[str] = Counter()
        """Faults by row of the matrix."""
        self.harshness = 0.6 if believed.harsh else rng.choice([0.1, 0.3, 0.6])
        """Share of requests that something happens to."""
        most = believed.settling.commit_within
        self._late = Fate("57", partial(fates.late, within=(most, 3 * most))) if believed.beyond else None
        # The clocks of two processes differ by up to 2 s.
        self._in_time = Fate("56", partial(fates.late, within=(0.0, most - 2.0)))

    def happens(self, share: float, row: str | None = None) -> bool:
        """Draw whether something happens that happens so often, and count it."""
        drawn = not self.calm and self.rng.random() < share * self.harshness
        if drawn and row is not None:
            self.met[row] += 1
        return drawn

    def latency(self) -> float:
        """Seconds on the way."""
        return self.rng.uniform(0.001, 0.05)

    def connecting(self) -> str | None:
        """Draw what happens while a connection is made, by its row."""
        return self._count(self.rng.choice(CONNECTING)) if self.happens(0.2) else None

    def fate(self, what: What) -> Fate:
        """Draw what becomes of a request."""
        if not self.happens(1.0 if what == "write" else 0.4):
            return FINE
        fate = self._of_a_write() if what == "write" else self._any_row()
        self._count({"history": "60", "token": "32"}.get(what, fate.row))
        return fate

    def lag(self) -> float:
        """Draw how many seconds a history is behind."""
        return self.rng.uniform(0, self.believed.settling.shown_within) if self.happens(0.4, "58") else 0.0

    def arrivals(self) -> int:
        """Draw how many rows arrive while a history is read."""
        return self.rng.choice([1, 1, 2, 5, 21]) if self.happens(0.02, "59") else 0

    def store(self, method: str) -> StoreFault | None:
        """Draw how the journal's database fails."""
        if not self.happens(0.06):
            return None
        fault: StoreFault = self.rng.choice(["before", "after", "slow"])
        row = "42" if fault == "slow" else "47" if method == "record" else "48" if fault == "after" else "46"
        self._count(row)
        return fault

    def _of_a_write(self) -> Fate:
        draw = self.rng.random()
        if self._late is not None and draw < 0.2:
            return self._late
        if draw < 0.25:
            return self._in_time
        if draw < 0.40:
            return self.rng.choice(SLOW)
        if draw < 0.42:
            return TWICE
        if draw < 0.47:
            return OF_ANOTHER
        return self._any_row()

    def _any_row(self) -> Fate:
        return self.rng.choice(BY_ROW[self.rng.choice(list(BY_ROW))])

    def _count(self, row: str) -> str:
        self.met[row] += 1
        return row
