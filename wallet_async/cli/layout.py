"""How rows become a table that can be read: which columns fit, how wide, what is left out. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from attrs import evolve, frozen

from wallet_async.cli.columns import Column, local, text
from wallet_async.engine.redact import printable

GAP = 2
"""Characters between two columns."""

_NARROWEST = 12
"""Characters to which a text may be folded; what identifies a row, numbers and times are never folded."""


@frozen(kw_only=True)
class Strip:
    """One column of a table, ready to print."""

    name: str
    """Its header."""
    cells: tuple[str, ...]
    right: bool
    """Whether it stands to the right: numbers."""
    foldable: bool
    """Whether it may be narrower than its longest cell."""

    @property
    def natural(self) -> int:
        """Characters it takes with nothing folded."""
        return max(len(self.name), *map(len, self.cells))

    @property
    def least(self) -> int:
        """Characters it needs."""
        return min(self.natural, max(len(self.name), _NARROWEST)) if self.foldable else self.natural


def strips(columns: Sequence[Column], rows: Sequence[Any]) -> list[Strip]:
    """Make the columns of a table of *rows*: not those that say nothing, nor a time that is another's in every row."""
    made: list[Strip] = []
    times: list[list[Any]] = []
    for column in columns:
        values = [column.of(row) for row in rows]
        if not column.shown or not any(value not in (None, "", {}, ()) for value in values):
            continue
        if any(isinstance(value, datetime) for value in values):
            if values in times:
                continue
            times.append(values)
        made.append(_strip(column.name, values))
    # The first column tells the rows apart.
    return [evolve(strip, foldable=strip.foldable and place > 0) for place, strip in enumerate(made)]


def _strip(name: str, values: Sequence[Any]) -> Strip:
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, Decimal}:
        return Strip(name=name, cells=_aligned(values), right=True, foldable=False)
    if kinds == {datetime}:
        cells = [cell(value) for value in values]
        zones = {shown.rpartition(" ")[2] for shown in cells if shown}
        if len(zones) == 1:
            name, cells = f"{name} ({zones.pop()})", [shown.rpartition(" ")[0] for shown in cells]
        return Strip(name=name, cells=tuple(cells), right=False, foldable=False)
    return Strip(name=name, cells=tuple(map(cell, values)), right=False, foldable=True)


def _aligned(values: Sequence[Any]) -> tuple[str, ...]:
    """Write numbers so that their points stand under one another when all end at the right."""
    cells = [text(value) for value in values]
    tails = [len(shown) - shown.index(".") if "." in shown else 0 for shown in cells]
    return tuple(shown + " " * (max(tails) - tail) for shown, tail in zip(cells, tails, strict=True))


def cell(value: Any) -> str:
    """Write one value for a person; nothing in it can act on a terminal."""
    return local(value) if isinstance(value, datetime) else printable(text(value))


def fit(made: Sequence[Strip], room: int) -> list[int]:
    """Give the widths of the first columns that fit into *room* characters; the first is always there."""
    widths: list[int] = []
    for strip in made:
        if widths and sum(widths) + strip.least + GAP * len(widths) > room:
            break
        widths.append(min(strip.least, room))
    spare = room - sum(widths) - GAP * (len(widths) - 1)
    for place, width in enumerate(widths):
        more = max(0, min(made[place].natural - width, spare))
        widths[place] += more
        spare -= more
    return widths
