"""The pager as a state machine: whatever readers and provider do, the rows of the beginning come once and in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from random import Random

import pytest
from hypothesis import Phase, settings
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
from wallet_async.engine.readings import Reading
from wallet_async.engine.walk import Walk
from wallet_async.engine.window import Window

from .history import History, Row, pager
from .test_pager_model import BOUNDARIES, NoDedup
from .virtual import VirtualLoop


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
        self.loop.set_debug(False)  # it would take ten times as long
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
