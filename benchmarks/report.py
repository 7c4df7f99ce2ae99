"""From measurements to figures, a JSON document and a page of Markdown."""

from collections.abc import Mapping, Sequence
from statistics import median, quantiles
from typing import Any

from attrs import frozen

from benchmarks.goals import GOALS
from benchmarks.requests import Slice


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
        low, _, high = quantiles(values, n=4)
        return cls(median=median(values), low=low, high=high)

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f} - {self.high:.2f})"


@frozen(kw_only=True)
class Line:
    """One case in one table."""

    name: str
    ratio: Figure
    cpu_ratio: Figure | None = None
    """By CPU time instead of wall time: steadier where other programs run."""
    amount: float
    """Median in the unit of the table."""
    cpu: float | None = None
    """Microseconds of CPU a request."""


@frozen(kw_only=True)
class Table:
    """The cases of one goal in one state of the heap."""

    goal: str
    heap: str
    unit: str
    lines: list[Line]
    figure: float
    """What is held against the goal."""


def requests_table(goal: str, heap: str, found: Mapping[str, Sequence[Slice]]) -> Table:
    """S1 and S10: rates as ratios to the first case of the same round."""
    baseline = next(iter(found.values()))
    lines = [
        Line(
            name=name,
            ratio=Figure.of([one.rate / base.rate for one, base in zip(slices, baseline, strict=True)]),
            cpu_ratio=Figure.of([base.cpu / one.cpu for one, base in zip(slices, baseline, strict=True)]),
            amount=median(one.rate for one in slices),
            cpu=median(one.cpu for one in slices),
        )
        for name, slices in found.items()
    ]
    return Table(goal=goal, heap=heap, unit="requests/s", lines=lines, figure=lines[1].ratio.median)


def rows_table(found: Mapping[str, Sequence[float]]) -> Table:
    """S8: microseconds a row, less what the pages alone take in the same round."""
    *ways, pages = found
    net = {name: [one - base for one, base in zip(found[name], found[pages], strict=True)] for name in ways}
    lines = [Line(name=name, ratio=Figure.of(net[name]), amount=median(found[name])) for name in ways]
    lines.append(Line(name=pages, ratio=Figure.of(found[pages]), amount=median(found[pages])))
    return Table(goal="S8", heap="", unit="us a row with its page", lines=lines, figure=lines[0].ratio.median)


def imports_table(found: Mapping[str, Sequence[float]]) -> Table:
    """S9: as ratios to the first case of the same round."""
    baseline = next(iter(found.values()))
    lines = [
        Line(
            name=name,
            ratio=Figure.of([one / base for one, base in zip(times, baseline, strict=True)]),
            amount=median(times),
        )
        for name, times in found.items()
    ]
    return Table(goal="S9", heap="", unit="ms", lines=lines, figure=lines[1].ratio.median)


def markdown(machine: Mapping[str, str], settings: Mapping[str, Any], tables: Sequence[Table]) -> str:
    """Write the page: goals first, then every table, then what it was taken on."""
    text = ["# Benchmarks", "", *_goals(tables), ""]
    for table in tables:
        text += [*_table(table), ""]
    text += ["## Taken on", "", "| | |", "|---|---|"]
    text += [f"| {name} | {value} |" for name, value in {**machine, **settings}.items()]
    return "\n".join(text) + "\n"


def _goals(tables: Sequence[Table]) -> list[str]:
    text = ["| goal | work | heap | must | moonshot | figure | reached |", "|---|---|---|---|---|---|---|"]
    for table in tables:
        goal = GOALS[table.goal]
        bounds = f"{goal.sign} {goal.must} {goal.unit} | {goal.sign} {goal.moonshot}"
        reached = goal.reached(table.figure)
        text.append(f"| {goal.id} | {goal.work} | {table.heap} | {bounds} | {table.figure:.3f} | {reached} |")
    return text


def _table(table: Table) -> list[str]:
    heading = f"## {table.goal}" + (f", {table.heap} heap" if table.heap else "")
    figure = "us a row, net" if table.goal == "S8" else "ratio"
    if table.lines[0].cpu is None:
        head = [f"| case | {figure} (quartiles) | {table.unit} |", "|---|---|---|"]
        return [heading, "", *head, *(f"| {line.name} | {line.ratio} | {line.amount:.2f} |" for line in table.lines)]
    head = [f"| case | ratio (quartiles) | {table.unit} | by CPU time | us of CPU |", "|---|---|---|---|---|"]
    lines = [f"| {x.name} | {x.ratio} | {x.amount:,.0f} | {x.cpu_ratio} | {x.cpu:.0f} |" for x in table.lines]
    return [heading, "", *head, *lines]
