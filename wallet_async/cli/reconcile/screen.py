"""How far a reconciliation is: two lines that stay in place in a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from wallet_async.reconcile.report.words import span
from wallet_async.reconcile.standing import Standing, left, rate

_PAINT = 0.25
"""Seconds between two pictures in a terminal."""

_LINE = 10.0
"""Seconds between two lines elsewhere."""

_REMEMBERED = 60.0
"""Seconds of the past from which the time left is told."""


class Screen:
    """Shows standings while its block runs.

    Args:
        console: Where.
        clock: Gives seconds that never go back.
    """

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._past: deque[Standing] = deque()
        self._shown_at = clock()
        self._pending = False
        self._live = Live(
            console=console,
            auto_refresh=False,
            # What is printed meanwhile goes above; results are for the standard output, which is not this one.
            redirect_stdout=False,
        )

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # However the block ended: the last standing stays there, and the cursor is visible again.
        try:
            if self._pending:
                self._paint()
        finally:
            self._live.stop()

    def show(self, standing: Standing) -> None:
        """Take how far it is; it is shown if the last time was long enough ago."""
        self._remember(standing)
        self._pending = True
        if self._clock() - self._shown_at >= (_PAINT if self._console.is_terminal else _LINE):
            self._paint()

    def say(self, line: str) -> None:
        """Print one line, above what stays in place."""
        self._console.print(Text(line))

    def _remember(self, standing: Standing) -> None:
        past = self._past
        if len(past) > 1 and standing.elapsed - past[-2].elapsed < _PAINT:
            past.pop()  # however often it is told, no more is kept than is looked at
        past.append(standing)
        while standing.elapsed - past[0].elapsed > _REMEMBERED:
            past.popleft()

    def _paint(self) -> None:
        self._shown_at, self._pending = self._clock(), False
        standing, speed, remaining = self._past[-1], rate(self._past), left(self._past)
        if self._console.is_terminal:
            self._live.update(picture(standing, speed, remaining), refresh=True)
        else:
            self.say(line(standing, speed, remaining))


def line(standing: Standing, speed: float, remaining: float | None) -> str:
    """Say how far it is in one line."""
    return ", ".join(
        [f"{standing.wallets:,} of {standing.total:,} wallets", *_figures(standing, speed), _left(remaining)]
    )


def picture(standing: Standing, speed: float, remaining: float | None) -> Group:
    """Draw how far it is: a bar, and figures below it."""
    bar = Table.grid(padding=(0, 1), expand=True)
    bar.add_column(no_wrap=True)
    bar.add_column(ratio=1)
    bar.add_column(no_wrap=True)
    done = Text(f"{standing.wallets:,} of {standing.total:,} wallets", "bold")
    made = ProgressBar(total=max(1, standing.total), completed=standing.wallets, complete_style="cyan")
    bar.add_row(done, made, Text(_left(remaining)))
    return Group(bar, Text(" · ".join(_figures(standing, speed)), "dim"))


def _figures(standing: Standing, speed: float) -> list[str]:
    return [
        f"{standing.rows:,} rows",
        f"{speed:,.0f} requests/s",
        f"{standing.in_flight:,} in flight",
        f"{standing.refused:,} refused",
        f"{standing.failed:,} failed",
    ]


def _left(seconds: float | None) -> str:
    return "time left unknown" if seconds is None else f"{span(seconds)} left"
