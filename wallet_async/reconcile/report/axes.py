"""How charts are divided: the bins of amounts, the steps of time, the ticks of an axis. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

STEPS: Sequence[tuple[str, float]] = (
    ("day", 1),
    ("week", 7),
    ("month", 30.4),
    ("year", 365.2),
    ("decade", 3652),
    ("century", 36525),
)
"""What a bar of a chart over time may stand for, and about how many days that is."""

_BARS = 100
"""Bars that a chart over time has at most."""

_FEW = 4
"""Powers of ten over which amounts may spread so that each gets three bins: 1, 2 and 5."""


def step(first: datetime, last: datetime) -> str:
    """Say what a bar stands for, so that those between *first* and *last* can be told apart."""
    days = (last - first).days
    return next(name for name, length in STEPS if days / length < _BARS - 1)


def edges(least: Decimal, most: Decimal) -> list[Decimal]:
    """Give the edges of bins that hold all amounts from *least* to *most*, each two to ten times the one before."""
    low, high = least.adjusted(), most.adjusted()
    digits = (1, 2, 5) if high - low < _FEW else (1,)
    found = [Decimal(digit).scaleb(power) for power in range(low, high + 2) for digit in digits]
    first = max(place for place, edge in enumerate(found) if edge <= least)
    last = min(place for place, edge in enumerate(found) if edge > most)
    return found[first : last + 1]


def ticks(most: int) -> list[int]:
    """Give the round numbers of an axis of counts from 0 to *most* or a little beyond."""
    most = max(most, 1)
    power = 10 ** max(0, len(str(most)) - 2)
    width = next(
        digit * scale for scale in (power, power * 10, power * 100) for digit in (1, 2, 5) if digit * scale * 4 >= most
    )
    return list(range(0, most + width, width))
