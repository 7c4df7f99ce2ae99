"""The pager against the truth: each row that was there at the beginning comes exactly once, in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from random import Random

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from wallet_async.engine.errors import DisconnectedError
from wallet_async.engine.pager import Pager
from wallet_async.engine.walk import CheckHead, End, More, Step, Walk
from wallet_async.engine.window import Reading, Window

from .history import SIZE, History, Row, pager
from .virtual import VirtualLoop, run

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
    # A seam is mended by walking past all that has arrived: hundreds of rows at once cost pages, for each seam.
    most = lookahead + 1 if lookahead > 1 else 1
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


class PagerMachine(RuleBasedStateMachine):
    """One reader of one history: rows arrive, readings fail, loops are left, pagers are replaced from checkpoints."""

    kind: Callable[..., Walk[Row]] = Walk
    window: Callable[..., Window[Row]] = Window
    naive_resume = False

    @initialize(
        rows=st.sampled_from([*BOUNDARIES, 330]),
        newest_first=st.booleans(),
        lookahead=st.sampled_from([1, 2, 5, 16]),
        seed=st.integers(0, 2**32),
    )
    def begin(self, rows: int, newest_first: bool, lookahead: int, seed: int) -> None:
        self.loop = VirtualLoop()
        self.history = History(rows, newest_first=newest_first)
        chance = Random(seed)
        self.history.delay = lambda: chance.randrange(5)
        self.lookahead = lookahead
        self.truth = self.history.rows()
        self.pager = self.make("1")
        self.rows: AsyncIterator[Row] | None = None
        self.given: list[Row] = []
        self.ended = self.resumed = False

    def make(self, start: str) -> Pager[Row]:
        return pager(self.history, start, kind=self.kind, window=self.window, lookahead=self.lookahead)

    @rule(count=st.sampled_from([1, 2, 19, 20, 21, 40, 120]))
    def arrive(self, count: int) -> None:
        self.history.count += count

    @rule(counts=st.lists(st.sampled_from([0, 0, 1, 2, 19, 20, 21, 40, 120]), max_size=20))
    def arrive_while_pages_are_read(self, counts: list[int]) -> None:
        self.history.arrivals(counts)

    @rule(seconds=st.integers(1, 20))
    def let_time_go_by(self, seconds: int) -> None:
        self.loop.run_until_complete(asyncio.sleep(seconds))

    @rule(count=st.sampled_from([1, 5, 20, 33]))
    def read(self, count: int) -> None:
        if self.rows is None:
            self.rows = aiter(self.pager)
        for _ in range(count):
            try:
                self.given.append(self.loop.run_until_complete(anext(self.rows)))
            except StopAsyncIteration:
                self.ended, self.rows = True, None
                return
            except DisconnectedError:
                self.rows = None
                return

    @rule(count=st.sampled_from([0, 1, 20, 45]))
    def collect(self, count: int) -> None:
        self.leave()
        try:
            self.given += self.loop.run_until_complete(self.pager.collect(limit=count))
        except DisconnectedError:
            pass

    @rule()
    def read_a_page(self) -> None:
        self.leave()
        pages = self.pager.pages()
        try:
            self.given += self.loop.run_until_complete(anext(pages)).items
        except StopAsyncIteration:
            self.ended = True
        except DisconnectedError:
            pass
        self.loop.run_until_complete(pages.aclose())

    @rule(count=st.integers(1, 2))
    def fail(self, count: int) -> None:
        self.history.failures = count

    @rule()
    def leave(self) -> None:
        if self.rows is not None:
            self.loop.run_until_complete(self.rows.aclose())
            self.rows = None

    @precondition(lambda self: not self.ended and (not self.given or self.given[-1] in set(self.truth)))
    @rule()
    def resume(self) -> None:
        self.leave()
        self.resumed = True
        text = str(self.pager.checkpoint)
        next_page = str(int(text.partition(":")[0]) + 1)
        self.loop.run_until_complete(self.pager.aclose())
        self.pager = self.make(next_page if self.naive_resume else text)

    @invariant()
    def rows_come_once_and_in_order(self) -> None:
        seen = self.seen()
        assert seen == self.truth[: len(seen)]

    def seen(self) -> list[Row]:
        """Give the rows of the beginning that were handed out.

        A fresh pager never saw the rows above its checkpoint: if 20 or more arrive between two of its readings, some of
        these may come again. None may be lost.
        """
        known = set(self.truth)
        seen = [row for row in self.given if row in known]
        return list(dict.fromkeys(seen)) if self.resumed else seen

    def teardown(self) -> None:
        if not hasattr(self, "loop"):
            return
        try:
            self.leave()
            self.history.failures = 0
            self.collect(10_000)  # a page read ahead may have failed already, and this tells it
            self.given += self.loop.run_until_complete(self.pager.collect(limit=10_000))
            assert self.seen() == self.truth
            self.loop.run_until_complete(self.pager.aclose())
            assert not asyncio.all_tasks(self.loop)
        finally:
            self.loop.run_until_complete(self.pager.aclose())
            self.loop.close()


PagerMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
TestPagerMachine = PagerMachine.TestCase
"""Any sequence of reading, leaving, failing and resuming, with any arrivals, gives the truth."""


class NaiveMachine(PagerMachine):
    """Twin: resumes at the next page."""

    naive_resume = True


class Trusting(Window[Row]):
    """Twin: takes pages read side by side as they are."""

    def _is_sound(self, above: Reading[Row], page: Reading[Row]) -> bool:
        return True


class TrustingMachine(PagerMachine):
    """Twin: looks for no seam."""

    window = Trusting


class NoDedupMachine(PagerMachine):
    """Twin: walks without remembering rows."""

    kind = NoDedup


@pytest.mark.parametrize("machine", [NaiveMachine, NoDedupMachine, TrustingMachine])
def test_the_model_catches_a_broken_pager(machine: type[PagerMachine]) -> None:
    """Twins: the same rules find rows that are lost or come twice."""
    # The same examples each time: chance may miss the fault, and then it is the twin that seems broken.
    quick = settings(
        max_examples=4000,
        stateful_step_count=20,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        derandomize=True,
    )
    with pytest.raises(AssertionError):
        run_state_machine_as_test(machine, settings=quick)
