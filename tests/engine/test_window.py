"""Pages read side by side against the truth: any order of answers, content of any moment, rows arriving all the while.

HISTORY_RUNS is for other numbers of runs than the 1,000 that are promised, HISTORY_ROWS for longer histories.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from wallet_async.engine.readings import Reading
from wallet_async.engine.walk import Walk
from wallet_async.engine.window import Window

from .interleavings import PAGING, SIZE, Run, arrivals, walk_through

RUNS = int(os.environ.get("HISTORY_RUNS", "1000"))
ROWS = int(os.environ.get("HISTORY_ROWS", "2000"))
MOST = [1, 2, 5, 9, 17]


def draw(seed: int, kind: Callable[..., Window[str]] = Window, rows: int = ROWS, most: int | None = None) -> Run:
    """Make one run from *seed*, with up to a tenth as many arrivals as rows."""
    chance = random.Random(seed)
    counts = arrivals(chance, chance.randrange(rows // 10 + 1))
    return walk_through(chance, rows=rows, counts=counts, most=most or chance.choice(MOST), kind=kind)


def test_no_row_is_lost_or_repeated_in_any_interleaving() -> None:
    """1,000 histories of 2,000 rows with up to 200 arrivals: 0 lost, 0 repeated, the order kept, memory bounded."""
    requests = [0, 0, 0]
    for seed in range(RUNS):
        run = draw(seed)
        try:
            run.check()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
        assert run.furthest <= 3 * max(MOST) + ROWS // 10 // SIZE  # what mending found comes on top
        requests = [sum(pair) for pair in zip(requests, (run.pages, run.checks, run.mends), strict=True)]
    print(f"{RUNS} runs of {ROWS} rows: 0 lost, 0 repeated; pages, checks, mends: {requests}")


@pytest.mark.parametrize("rows", [0, 19, 20, 21, 40, 45, 100, 400])
def test_no_row_is_lost_however_short_the_history_and_however_much_arrives(rows: int) -> None:
    """Far more rows may arrive than the history had."""
    for seed in range(60):
        chance = random.Random(seed)
        counts = arrivals(chance, chance.choice([1, 20, 60, 300]))
        run = walk_through(chance, rows=rows, counts=counts, most=chance.choice(MOST))
        run.check()


@pytest.mark.parametrize("most", MOST)
def test_without_arrivals_a_window_costs_one_request_more_at_most(most: int) -> None:
    """Nothing is mended; there is at most one check a window, and none where one page is read after another."""
    for seed in range(30):
        run = walk_through(random.Random(seed), rows=2_000, counts=[], most=most)
        run.check()
        windows = -(-2_000 // SIZE // most)
        assert run.mends == 0
        assert run.checks <= (windows if most > 1 else 0)
        assert run.pages <= 2_000 // SIZE + 1 + 2 * (most - 1)


class Naive(Window[str]):
    """Twin: takes pages as they come."""

    def _is_sound(self, above: Reading[str], page: Reading[str]) -> bool:
        return True


class ChecksTooEarly(Window[str]):
    """Twin: reads the anchor while the pages it is to prove are under way."""

    def _take_check(self, check: Reading[str]) -> None:
        super()._take_check(check)
        self._checked = check.came

    def _is_check_due(self) -> bool:
        return self._check is None and self._checked <= self._taken.came


class MendsOnce(Window[str]):
    """Twin: reads one page again and goes no further down the seam."""

    def _walk_on(self, mend: Reading[str], below: Reading[str]) -> None:
        self._mended = below

    def _is_sound(self, above: Reading[str], page: Reading[str]) -> bool:
        return page is getattr(self, "_mended", None) or super()._is_sound(above, page)


class TrustsShortPages(Window[str]):
    """Twin: takes a short page for the end, whatever lies above it."""

    def _is_sound(self, above: Reading[str], page: Reading[str]) -> bool:
        return len(page.rows) < SIZE or super()._is_sound(above, page)


class TrustsQuietTooSoon(Window[str]):
    """Twin: takes the absence of repeats for proof before it can tell repeats."""

    def _take(self, reading: Reading[str]) -> None:
        quiet = self._quiet_since
        super()._take(reading)
        if not self._moved:
            self._quiet_since = quiet


TWINS = [Naive, ChecksTooEarly, MendsOnce, TrustsShortPages]


@pytest.mark.parametrize("twin", TWINS)
def test_each_simpler_window_loses_rows(twin: type[Window[str]]) -> None:
    """Twins: the check that ours passes a thousand times finds what each of them loses."""
    with pytest.raises(AssertionError, match="lost"):
        for seed in range(1_000):
            try:
                run = draw(seed, twin, rows=400, most=9)
            except AssertionError:  # a broken window may also go on for ever
                continue
            run.check()


def test_the_naive_window_loses_many() -> None:
    """What it is all for: most naive runs lose rows."""
    lost = 0
    for seed in range(30):
        run = draw(seed, Naive, rows=1_000, most=17)
        lost += 1_000 - len(set(run.given) & {f"t{number}" for number in range(1_000)})
    assert lost > 300, lost


def flood(kind: Callable[..., Window[str]]) -> Run:
    """Let 60 rows arrive between two pages of the first window: no page repeats, and yet rows are passed by."""
    run = Run(100)
    window = kind(Walk(PAGING, after=None, since=None), 1, run.cut(1), most=17)
    second, third, *others = window.ask()
    early = [(page, run.cut(page.number)) for page in others]
    run.count += 60
    late = [(page, run.cut(page.number)) for page in (second, third)]
    answers: list[tuple[Any, Sequence[str]]] = [*late, *early]
    while answers and not window.ended:
        window.came(*answers.pop(0))
        answers += [(page, run.cut(page.number)) for page in window.ask()]
    run.given += [row for page in window.ready for row in page.items]
    return run


def test_a_flood_is_noticed_though_no_row_repeats() -> None:
    """More rows than were read so far push every known row past the pages asked for; the check tells."""
    flood(Window).check()
    with pytest.raises(AssertionError, match="lost"):
        flood(TrustsQuietTooSoon).check()


def test_a_failed_reading_drops_what_is_below_and_nothing_above() -> None:
    """What came before it is taken, once a check has told that nothing moved; `ask` begins again at the page."""
    run = Run(400)
    window = Window(Walk(PAGING, after=None, since=None), 1, run.cut(1), most=5)
    window.ready.clear()
    asked = window.ask()
    assert [page.number for page in asked] == [2, 3, 4, 5, 6]
    assert window.failed(asked[3])
    for page in (*asked[:3], asked[4]):
        window.came(page, run.cut(page.number))
    (check,) = window.ask(ahead=False)
    window.came(check, run.cut(check.number))
    assert [page.number for page in window.ready] == [2, 3, 4]
    assert not window.exhausted
    window.ready.clear()
    assert window.exhausted
    assert window.ask()[0].number == 5
