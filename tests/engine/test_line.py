"""Who is next: single calls before bulk runs, which are never stopped by them, and every worker in its turn."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallet_async.engine.line import Line

Turn = tuple[str | None, int]


def filled(line: Line[Turn], sizes: dict[str | None, int]) -> Line[Turn]:
    """Let so many turns of each worker wait, those of one worker after those of another."""
    for worker, size in sizes.items():
        for number in range(size):
            line.join((worker, number), worker)
    return line


class FirstCome(Line[Turn]):
    """Twin: one line for everybody."""

    def join(self, turn: Turn, worker: object | None) -> None:
        super().join(turn, None)


class SinglesOnly(Line[Turn]):
    """Twin: bulk runs wait until no single call does."""

    def pop(self) -> Turn:
        self._in_a_row = 0
        return super().pop()


def check_order(line: Line[Turn]) -> None:
    """Assert the rule for single calls that come behind a long bulk run, and for what they leave to it."""
    filled(line, {"run": 100, None: 30})
    order = [line.pop()[0] for _ in range(130)]
    assert order[0] is None, "the first single call had to wait"
    assert Counter(order[:40]) == {None: 30, "run": 10}, "one turn in four is the run's"
    assert all("run" in order[place : place + 4] for place in range(40)), "the run stands still"


def test_single_calls_go_first_and_leave_every_fourth_turn() -> None:
    """However long the line of a bulk run is; neither one line for all nor strict priority does that (twins)."""
    check_order(Line())
    with pytest.raises(AssertionError, match="had to wait"):
        check_order(FirstCome())
    with pytest.raises(AssertionError, match="stands still"):
        check_order(SinglesOnly())


def check_turns(line: Line[Turn]) -> None:
    """Assert that a worker with one request waits for one request of each other worker, not for all of them."""
    filled(line, {"a long history": 16, "another": 16, "a short one": 1})
    assert ("a short one", 0) in [line.pop() for _ in range(3)]


def test_a_long_history_does_not_hold_up_a_short_one() -> None:
    """However far it reads ahead; in one line for all, 32 requests go first (twin)."""
    check_turns(Line())
    with pytest.raises(AssertionError):
        check_turns(FirstCome())


@given(st.lists(st.tuples(st.sampled_from(["join", "leave", "pop"]), st.sampled_from([None, "a", "b"]))))
def test_nobody_is_lost_and_each_worker_keeps_its_order(steps: list[tuple[str, str | None]]) -> None:
    """Whatever happens: each turn comes out once, in its worker's order, or left before; the length is right."""
    line: Line[Turn] = Line()
    waiting: dict[str | None, list[Turn]] = {None: [], "a": [], "b": []}
    for number, (step, worker) in enumerate(steps):
        if step == "join":
            line.join((worker, number), worker)
            waiting[worker].append((worker, number))
        elif step == "leave":
            gone = waiting[worker].pop() if waiting[worker] else (worker, -1)
            line.leave(gone, worker)
        elif line.size:
            turn = line.pop()
            assert waiting[turn[0]].pop(0) == turn
        assert line.size == sum(map(len, waiting.values()))
        assert line.single == len(waiting[None])
