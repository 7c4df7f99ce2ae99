"""From figures to a page of Markdown and a JSON document."""

from collections.abc import Mapping, Sequence
from statistics import median, quantiles
from typing import Any

from attrs import field, frozen

from benchmarks.goals import GOALS


@frozen(kw_only=True)
class Figure:
    """A median over the rounds and its spread."""

    median: float
    low: float
    """First quartile."""
    high: float
    """Third quartile."""

    @classmethod
    def of(cls, values: Sequence[float]) -> "Figure":
        """Reduce the *values* of the rounds."""
        low, _, high = quantiles(values, n=4, method="inclusive")
        return cls(median=median(values), low=low, high=high)

    @classmethod
    def single(cls, value: float) -> "Figure":
        """Take a value that was measured once."""
        return cls(median=value, low=value, high=value)

    @classmethod
    def ratio(cls, values: Sequence[float], bases: Sequence[float]) -> "Figure":
        """Reduce the ratios of rounds: each value to the one it ran beside."""
        return cls.of([value / base for value, base in zip(values, bases, strict=True)])

    def __str__(self) -> str:
        if self.low == self.high:
            return _text(self.median)
        return f"{_text(self.median)} ({_text(self.low)} - {_text(self.high)})"


Cell = str | float | Figure | None


@frozen(kw_only=True)
class Table:
    """Cases side by side."""

    title: str
    head: tuple[str, ...]
    lines: list[tuple[Cell, ...]]
    note: str = ""


@frozen(kw_only=True)
class Verdict:
    """A figure to be held against a goal."""

    goal: str
    figure: Figure
    of: str = ""
    """What it was taken on, where the goal leaves a choice."""


@frozen(kw_only=True)
class Section:
    """What one part of a run found."""

    tables: list[Table]
    verdicts: list[Verdict] = field(factory=list)
    charts: dict[str, str] = field(factory=dict)
    """SVG by name."""


def markdown(name: str, taken_on: Mapping[str, Any], sections: Sequence[Section]) -> str:
    """Write the page: goals first, then charts and tables, then what it was taken on."""
    text = ["# Benchmarks", "", "Every figure is a median of interleaved rounds with its quartiles.", ""]
    verdicts = [verdict for section in sections for verdict in section.verdicts]
    if verdicts:
        text += _rows(("goal", "work", "must", "moonshot", "", "figure", "reached"), map(_verdict, verdicts))
    for section in sections:
        text += [line for chart in section.charts for line in ("", f"![{chart}]({name}-{chart}.svg)")]
        for table in section.tables:
            text += ["", f"## {table.title}", "", *_rows(table.head, table.lines)]
            text += ["", table.note] if table.note else []
    text += ["", "## Taken on", "", *_rows(("", ""), taken_on.items())]
    return "\n".join(text) + "\n"


def _verdict(verdict: Verdict) -> tuple[Cell, ...]:
    goal = GOALS[verdict.goal]
    work = f"{goal.work} ({verdict.of})" if verdict.of else goal.work
    bounds = (goal.bound(goal.must), goal.bound(goal.moonshot), goal.unit)
    return (goal.id, work, *bounds, verdict.figure, goal.reached(verdict.figure.median))


def _rows(head: Sequence[str], lines: Any) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *([*map(_text, x)] for x in lines))]


def _text(cell: Cell) -> str:
    if isinstance(cell, float):
        return f"{cell:,.0f}" if abs(cell) >= 100 else f"{cell:.2f}"
    return "" if cell is None else f"{cell:,}" if isinstance(cell, int) else str(cell)
