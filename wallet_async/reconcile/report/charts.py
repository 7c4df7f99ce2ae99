"""Where the bars of a chart stand and what is written beside them, in hundredths of its width and height. Pure.

The charts are put together here: a chart of a plotting library has its letters inside, which on a phone shrink with it,
and its colours, which do not follow the reader's choice of light or dark.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from attrs import frozen

from wallet_async.reconcile.model import Class
from wallet_async.reconcile.report.axes import ticks
from wallet_async.reconcile.report.spread import Days
from wallet_async.reconcile.report.words import MEANINGS, SORTS

_GAP = 0.2
"""Part of its place that a bar leaves free."""

_NAMED = 3
"""Bars whose time is written below the axis: as many as a phone has room for."""


@frozen(kw_only=True)
class Block:
    """One colour of a bar."""

    sort: str
    y: float
    height: float


@frozen(kw_only=True)
class Bar:
    """One bar."""

    name: str
    """Its time."""
    x: float
    counts: Mapping[str, int]
    """Differences by sort."""
    blocks: Sequence[Block]

    @property
    def total(self) -> int:
        """All its differences."""
        return sum(self.counts.values())


@frozen(kw_only=True)
class Mark:
    """Something written beside an axis."""

    at: float
    name: str
    anchor: str = "middle"


@frozen(kw_only=True)
class Chart:
    """Differences over time."""

    step: str
    """What each bar stands for."""
    width: float
    """Of every bar."""
    bars: Sequence[Bar]
    marks: Sequence[Mark]
    """Below."""
    ticks: Sequence[Mark]
    """At the left."""
    undated: int
    """Differences without a time, which the chart does not show."""


def over_time(days: Days) -> Chart:
    """Place the bars of *days*."""
    counted = [(_name(days.step, begin), _by_sort(classes)) for begin, classes in days.bars]
    scale = ticks(max((sum(counts.values()) for _, counts in counted), default=0))
    place = 100 / max(1, len(counted))
    bars = [
        Bar(name=name, x=round((at + _GAP / 2) * place, 3), counts=counts, blocks=_stacked(counts, scale[-1]))
        for at, (name, counts) in enumerate(counted)
    ]
    return Chart(
        step=days.step,
        width=round(place * (1 - _GAP), 3),
        bars=bars,
        marks=_marks([bar.name for bar in bars]),
        ticks=[Mark(at=100 - 100 * tick / scale[-1], name=f"{tick:,}") for tick in scale],
        undated=days.undated,
    )


def _by_sort(classes: Mapping[Class, int]) -> Mapping[str, int]:
    return {sort: sum(count for name, count in classes.items() if MEANINGS[name].sort == sort) for sort in SORTS}


def _stacked(counts: Mapping[str, int], most: int) -> Sequence[Block]:
    blocks: list[Block] = []
    top = 100.0
    for sort, count in counts.items():
        if count:
            height = 100 * count / most
            top -= height
            blocks.append(Block(sort=sort, y=round(top, 3), height=round(height, 3)))
    return blocks


def _marks(names: Sequence[str]) -> Sequence[Mark]:
    """Choose bars at equal distances, the first and the last among them."""
    last = len(names) - 1
    if last < 1:
        return [Mark(at=50, name=name) for name in names]
    chosen = sorted({round(last * part / (_NAMED - 1)) for part in range(_NAMED)})
    ends = {0: Mark(at=0, name=names[0], anchor="start"), last: Mark(at=100, name=names[-1], anchor="end")}
    return [ends.get(at) or Mark(at=round(100 * (at + 0.5) / len(names), 3), name=names[at]) for at in chosen]


def _name(step: str, begin: datetime) -> str:
    """Name the day, week, month … that begins at *begin*."""
    match step:
        case "day" | "week":
            return f"{begin:%Y-%m-%d}"
        case "month":
            return f"{begin:%Y-%m}"
        case _:
            return f"{begin:%Y}"
