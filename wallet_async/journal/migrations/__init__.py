"""The steps from nothing to the present tables, one numbered SQL file each, for every dialect."""

from __future__ import annotations

from importlib import resources
from typing import Literal

from attrs import frozen

Dialect = Literal["sqlite", "postgres"]


@frozen
class Migration:
    """One step; a step that was released is never changed."""

    number: int
    """Counts from 1 without a gap: the version of the tables after it."""
    name: str
    """What it is for."""
    sql: str
    """Its statements; they run in one transaction."""


def load(dialect: Dialect) -> tuple[Migration, ...]:
    """Give the steps of *dialect* in their order, from files named ``0001_what_for.sql``."""
    steps: list[Migration] = []
    for file in resources.files(__name__).joinpath(dialect).iterdir():
        number, _, name = file.name.removesuffix(".sql").partition("_")
        if file.name.endswith(".sql"):
            steps.append(Migration(int(number), name.replace("_", " "), file.read_text(encoding="utf-8")))
    return tuple(sorted(steps, key=lambda step: step.number))
