"""A history whose pages are asked for side by side: every order of answers, and rows that arrive between any two."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from attrs import define, field

from wallet_async.engine.readings import Reading
from wallet_async.engine.walk import Paging, Walk
from wallet_async.engine.window import Window

SIZE = 20
NAMES = [f"t{number}" for number in range(60_000)]
PAGING: Paging[str] = Paging("transactions", SIZE, key=str, moment=lambda _: datetime(2026, 1, 1, tzinfo=UTC))


@define
class Run:
    """One walk through a history of *rows* rows: what it gave, and what it asked for."""

    rows: int
    count: int = field(init=False)
    """Rows there are now, the newest first on page 1."""
    given: list[str] = field(factory=list)
    pages: int = 1
    """Pages asked for, checks and mends left out."""
    checks: int = 0
    mends: int = 0
    furthest: int = 0
    """The most pages that were held or under way."""

    def __attrs_post_init__(self) -> None:
        self.count = self.rows

    def cut(self, page: int) -> list[str]:
        """Give a page as it is now."""
        top = self.count - (page - 1) * SIZE
        return NAMES[max(top - SIZE, 0) : max(top, 0)][::-1]

    def check(self) -> None:
        """Assert that each row of the beginning came once and in order, and no row twice."""
        assert len(self.given) == len(set(self.given)), "a row came twice"
        there = set(NAMES[: self.rows])
        kept = [row for row in self.given if row in there]
        assert kept == NAMES[: self.rows][::-1], f"{self.rows - len(kept)} rows lost, or their order"


def arrivals(chance: random.Random, most: int) -> list[int]:
    """Draw how many rows arrive at a time, *most* in all."""
    counts: list[int] = []
    while sum(counts) < most:
        counts.append(min(chance.choice([1, 1, 2, 3, 7, 19, 20, 21, 40, 100]), most - sum(counts)))
    return counts


def walk_through(
    chance: random.Random,
    *,
    rows: int,
    counts: list[int],
    most: int,
    kind: Callable[..., Window[str]] = Window,
) -> Run:
    """Read a history with answers in any order: each page's content is of any moment between request and answer."""
    run = Run(rows)
    window = kind(Walk(PAGING, after=None, since=None), 1, run.cut(1), most=most)
    under_way: list[tuple[Reading[str], list[list[str]]]] = []
    every = max(1, 4 * rows // SIZE // (len(counts) + 1))  # things that happen from one arrival to the next
    patience = chance.choice([1, 1, 3])
    for turn in range(60 * rows // SIZE + 4_000):
        if chance.randrange(patience) == 0:
            run.given += [row for page in window.ready for row in page.items]
            window.ready.clear()
        asked = window.ask()
        _count(run, window, asked)
        under_way += [(reading, []) for reading in asked]
        if window.ended and not window.ready:
            return run
        if counts and chance.randrange(every) == 0:
            run.count += counts.pop()
        if not under_way:
            continue
        place = chance.randrange(len(under_way)) if turn % 3 else 0
        reading, content = under_way[place]
        if not content:
            content.append(run.cut(reading.number))
        if chance.random() < 0.6:
            del under_way[place]
            window.came(reading, content[0])
    raise AssertionError("it does not end")


def _count(run: Run, window: Any, asked: list[Reading[str]]) -> None:
    for reading in asked:
        if reading.below is not None:
            run.mends += 1
        elif reading is window._check:
            run.checks += 1
        else:
            run.pages += 1
    waiting = sum(len(page.items) for page in window.ready)
    run.furthest = max(run.furthest, len(window._line) + -(-waiting // SIZE))
