"""The pager against the truth: each row that was there at the beginning comes exactly once, in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wallet_async.engine.walk import CheckHead, End, More, Step, Walk

from .history import SIZE, History, Row, pager
from .virtual import run

BOUNDARIES = [0, 1, 19, 20, 21, 39, 40, 41, 100]


async def check_complete(
    history: History, arrivals: Sequence[int], kind: Callable[..., Walk[Row]] = Walk, lookahead: int = 1
) -> None:
    """Assert that a walk gives each row of the beginning once and in order, no row twice, and ends."""
    history.arrivals(arrivals)
    truth = history.rows()
    walk = pager(history, kind=kind, lookahead=lookahead)
    found = await walk.collect(limit=history.count + sum(arrivals) + 100)
    await walk.aclose()
    assert len(found) == len(set(found)), "a row came twice"
    assert [row for row in found if row in set(truth)] == truth
    # A seam is mended by walking past all that has arrived: hundreds of rows at once cost pages, for each seam; and
    # more than one window may meet them.
    most = lookahead + 3 if lookahead > 1 else 1
    assert len(history.reads) <= (1 + most) * (history.count // SIZE + 3), "too many requests"


class NoDedup(Walk[Row]):
    """Twin: takes every row for a new one."""

    def _unknown(self, rows: Sequence[Row], left: int) -> tuple[Row, ...]:
        super()._unknown(rows, left)
        return tuple(rows)


class FirstPageOnly(Walk[Row]):
    """Twin: ends after one page."""

    def take(self, rows: Sequence[Row], left: int) -> tuple[tuple[Row, ...], Step]:
        return super().take(rows, left)[0], End()


class EndsAtTheCount(Walk[Row]):
    """Twin: reads as many pages as were told when it began, and none that came to be one meanwhile."""

    def take(self, rows: Sequence[Row], left: int) -> tuple[tuple[Row, ...], Step]:
        fresh, step = super().take(rows, left)
        self.pages = getattr(self, "pages", 5) - 1
        return fresh, step if self.pages else End()


class EndsWhenAllIsKnown(Walk[Row]):
    """Twin: takes a page without a new row for the end."""

    def take(self, rows: Sequence[Row], left: int) -> tuple[tuple[Row, ...], Step]:
        fresh, step = super().take(rows, left)
        return fresh, step if fresh or not isinstance(step, CheckHead) else End()


class EndsWhenHeadRests(Walk[Row]):
    """Twin: takes a page without a new row for the end if the head has not moved since it was last read."""

    def take(self, rows: Sequence[Row], left: int) -> tuple[tuple[Row, ...], Step]:
        known = all(row.id in self._known for row in rows)
        fresh, step = super().take(rows, left)
        return fresh, CheckHead() if known and not isinstance(step, End) else step


class NeverEnds(Walk[Row]):
    """Twin: reads on as long as pages are full."""

    def take_head(self, rows: Sequence[Row], came: int) -> Step:
        return More()


@pytest.mark.parametrize("newest_first", [True, False], ids=["newest first", "oldest first"])
@pytest.mark.parametrize("rows", BOUNDARIES)
def test_a_history_at_rest_comes_whole(rows: int, newest_first: bool) -> None:
    """Every size around a page's boundary is read whole, with no page more than needed to see the end."""
    history = History(rows, newest_first=newest_first)
    run(check_complete(history, []))
    assert history.reads == list(range(1, rows // SIZE + 2))


@settings(max_examples=120, deadline=None)
@given(
    rows=st.sampled_from(BOUNDARIES) | st.integers(0, 130),
    arrivals=st.lists(st.sampled_from([0, 0, 1, 2, 19, 20, 21, 40, 100, 137]), max_size=14),
    newest_first=st.booleans(),
    lookahead=st.sampled_from([1, 1, 2, 5, 16]),
    seed=st.integers(0, 2**32),
)
def test_nothing_is_lost_or_repeated_whatever_arrives(
    rows: int, arrivals: list[int], newest_first: bool, lookahead: int, seed: int
) -> None:
    """One row or more than a hundred between any two readings, checks included, in any order: once, in order."""
    history = History(rows, newest_first=newest_first)
    if lookahead > 1:
        chance = Random(seed)
        history.delay = lambda: chance.randrange(5)
    run(check_complete(history, arrivals, lookahead=lookahead))


HARD = {
    # arrivals before each reading, the twin it breaks
    "one row between two pages": ([0, 1], NoDedup),
    "more than one page": ([], FirstPageOnly),
    "a page of arrivals after a count of five": ([0, 20], EndsAtTheCount),
    "a page of arrivals": ([0, 20], EndsWhenAllIsKnown),
    "two pages of arrivals": ([0, 0, 40], EndsWhenHeadRests),
    "a page of arrivals, and one more before the head is read": ([0, 20, 20], EndsWhenHeadRests),
}


@pytest.mark.parametrize("name", HARD)
def test_each_simpler_walk_loses_or_repeats_rows(name: str) -> None:
    """Twins: under these arrivals a simpler rule fails where ours holds."""
    arrivals, broken = HARD[name]
    run(check_complete(History(100), arrivals))
    with pytest.raises(AssertionError):
        run(check_complete(History(100), arrivals, broken))


def test_ending_at_a_known_page_loses_eighty_rows() -> None:
    """What the twin costs: 20 arrivals after page 1, and the other 80 rows of 100 are never seen."""
    history = History(100)
    history.arrivals([0, 20])
    found = run(pager(history, kind=EndsWhenAllIsKnown).collect())
    assert found == [Row(number) for number in range(99, 79, -1)]


@pytest.mark.parametrize("rows", [20, 40, 100])
@pytest.mark.parametrize("start", ["1", "3"])
@pytest.mark.parametrize("lookahead", [1, 4])
def test_a_provider_that_repeats_its_last_page_is_left(rows: int, start: str, lookahead: int) -> None:
    """A provider that never gives a short page ends all the same, a reading or two later."""

    async def check(kind: Callable[..., Walk[Row]]) -> None:
        history = History(rows, repeats_last=True)
        found = await pager(history, start, kind=kind, lookahead=lookahead).collect(limit=rows)
        more = await pager(history, start, kind=kind, lookahead=lookahead).collect(limit=10_000)
        assert more == found
        assert len(history.reads) < 2 * (rows // SIZE + 6) + (lookahead > 1) * 3 * lookahead

    run(check(Walk))

    class Bounded(NeverEnds):
        def take(self, rows: Sequence[Row], left: int) -> tuple[tuple[Row, ...], Step]:
            assert left < 200, "it goes on for ever"
            return super().take(rows, left)

    if lookahead == 1:  # pages read side by side need not ask: a check of theirs has told already
        with pytest.raises(AssertionError, match="for ever"):
            run(check(Bounded))
