"""How far a reconciliation is: exact figures, one line now and then, and a terminal that is left as it was."""

from __future__ import annotations

import re
from io import StringIO
from types import TracebackType

import pytest
from attrs import define, evolve
from rich.console import Console

from wallet_async.cli.console import standard_error
from wallet_async.cli.reconcile import screen as screen_module
from wallet_async.cli.reconcile.screen import Screen
from wallet_async.reconcile.standing import Standing, left, rate

BEGUN = Standing(wallets=0, total=100_000, rows=0, requests=0, in_flight=50, refused=0, failed=0, elapsed=0.0)
LINE = "12,400 of 100,000 wallets, 124,211 rows, 1,850 requests/s, 50 in flight, 3 refused, 1 failed, 71 s left"

HIDDEN, VISIBLE = "\x1b[?25l", "\x1b[?25h"


def at(elapsed: float) -> Standing:
    """Give the standing of an even run that ends after 81 seconds."""
    wallets = round(1240 * elapsed)
    return evolve(
        BEGUN,
        wallets=min(wallets, 100_000),
        rows=round(12421.1 * elapsed),
        requests=round(1850 * elapsed),
        refused=3,
        failed=1,
        elapsed=elapsed,
    )


@define
class Clock:
    """A clock that stands where it is put."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def console(*, terminal: bool, width: int = 10_000) -> Console:
    return Console(file=StringIO(), force_terminal=terminal, width=width, highlight=False, color_system=None)


def written(of: Console) -> str:
    assert isinstance(of.file, StringIO)
    return of.file.getvalue()


def run(screen: Screen, clock: Clock, seconds: float) -> None:
    """Tell a standing each half second."""
    for half in range(round(seconds * 2) + 1):
        clock.now = half / 2
        screen.show(at(clock.now))


def test_without_a_terminal_a_line_comes_every_ten_seconds_and_at_the_end() -> None:
    """Each of them whole, no control characters."""
    clock, out = Clock(), console(terminal=False)
    with Screen(out, clock) as screen:
        run(screen, clock, 34)
    lines = written(out).splitlines()
    assert lines[0] == LINE
    assert [int(re.match(r"[\d,]+", line)[0].replace(",", "")) for line in lines] == [12_400, 24_800, 37_200, 42_160]
    assert "\x1b" not in written(out)


def test_what_was_shown_is_not_shown_twice() -> None:
    """If the last standing has a line already, the end adds none."""
    clock, out = Clock(), console(terminal=False)
    with Screen(out, clock) as screen:
        run(screen, clock, 10)
    assert written(out).splitlines() == [LINE]


def test_a_run_without_standings_says_nothing() -> None:
    """Not even at the end."""
    out = console(terminal=False)
    with Screen(out, Clock()):
        pass
    assert written(out) == ""


def test_what_is_said_in_between_is_a_line_of_its_own() -> None:
    """In a terminal above the bar, and never read as markup."""
    for terminal in (False, True):
        clock, out = Clock(), console(terminal=terminal, width=80)
        with Screen(out, clock) as screen:
            run(screen, clock, 1)
            screen.say("worker [2] was lost: its chunks are read by others")
        assert "worker [2] was lost: its chunks are read by others\n" in written(out)


@pytest.mark.parametrize("width", [60, 80, 200])
def test_the_picture_fits_the_terminal(width: int) -> None:
    """Two lines with all figures, none of them cut off or folded inside a word."""
    clock, out = Clock(), console(terminal=True, width=width)
    with Screen(out, clock) as screen:
        run(screen, clock, 10)
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", written(out).rpartition(HIDDEN)[2].rpartition("\x1b[2K")[2])
    assert all(len(line) <= width for line in plain.splitlines())
    for figure in (
        "12,400 of 100,000 wallets",
        "71 s left",
        "124,211 rows",
        "1,850 requests/s",
        "3 refused",
        "1 failed",
    ):
        assert figure in " ".join(plain.split())


def leaves_the_terminal_clean(kind: type[Screen]) -> None:
    clock, out = Clock(), console(terminal=True, width=80)
    with pytest.raises(KeyboardInterrupt), kind(out, clock) as screen:
        run(screen, clock, 3)
        raise KeyboardInterrupt
    said = written(out)
    assert said.rindex(VISIBLE) > said.rindex(HIDDEN)
    assert said.replace(VISIBLE, "").endswith("\n")


def test_ctrl_c_leaves_the_terminal_clean() -> None:
    """The cursor is visible again, and stands on a line of its own."""
    leaves_the_terminal_clean(Screen)


def test_a_cursor_that_stays_hidden_is_found() -> None:
    """Sabotaged twin: a screen that does not stop when its block is interrupted fails the same check."""

    class Careless(Screen):
        def __exit__(
            self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
        ) -> None:
            pass

    with pytest.raises((AssertionError, ValueError)):
        leaves_the_terminal_clean(Careless)


def test_progress_goes_to_the_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    """The standard output is for results, so that a pipe gets nothing else."""
    with Screen(standard_error(), Clock()) as screen:
        screen.show(at(10))
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("12,400 of 100,000 wallets, ")


def test_the_rate_is_that_of_the_last_seconds() -> None:
    """What was quick a minute ago does not count any more."""
    past = [evolve(BEGUN, elapsed=second, requests=min(second, 50) * 1000) for second in range(61)]
    assert rate(past[:50]) == 1000
    assert rate(past) == 0
    assert rate([]) == rate(past[:1]) == 0


@pytest.mark.parametrize(
    ("past", "seconds"),
    [
        ([], None),
        ([BEGUN], None),
        ([BEGUN, evolve(BEGUN, elapsed=5.0)], None),
        ([BEGUN, evolve(BEGUN, elapsed=5.0, wallets=20_000)], 20),
        # Resumed: what an earlier session has read says nothing of this one's speed.
        ([evolve(BEGUN, wallets=90_000), evolve(BEGUN, elapsed=5.0, wallets=95_000)], 5),
        ([evolve(BEGUN, wallets=100_000)], 0),
    ],
)
def test_the_time_left_is_told_from_this_run(past: list[Standing], seconds: float | None) -> None:
    """Unknown until the first wallet is done."""
    assert left(past) == seconds


@pytest.mark.parametrize(
    ("wallets", "shown"), [(50_000, "10 s left"), (1_000, "16 min left"), (50, "5 h 33 min left"), (0, "unknown")]
)
def test_the_time_left_is_as_exact_as_it_is_known(wallets: int, shown: str) -> None:
    """Seconds, minutes, hours."""
    clock, out = Clock(), console(terminal=False)
    with Screen(out, clock) as screen:
        screen.show(BEGUN)
        clock.now = 10
        screen.show(evolve(BEGUN, wallets=wallets, elapsed=10.0))
    assert shown in written(out)


def keeps_little() -> None:
    clock = Clock()
    screen = Screen(console(terminal=False), clock)
    for tick in range(20_000):
        clock.now = tick / 100
        screen.show(at(clock.now))
    assert len(screen._past) <= 60 * 4 + 11


def test_memory_does_not_grow_with_the_run() -> None:
    """However often it is told, what is kept is a minute in quarters of a second."""
    keeps_little()


def test_a_past_that_grows_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sabotaged twin: a screen that keeps whatever it is told fails the same check."""
    monkeypatch.setattr(screen_module, "_PAINT", 0.0)
    with pytest.raises(AssertionError):
        keeps_little()
