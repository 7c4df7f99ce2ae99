"""What the demo shows while it runs: bars in a terminal, a line a stage elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from wallet_async.cli.writers import put

_TITLE = 14
"""Characters of a stage's title, so that the bars stand under one another."""

_ROOMY = 100
"""Characters of a line that has room for the time."""


class Stage:
    """One stage under way."""

    def __init__(self, progress: Progress, title: str, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task(f"{title:<{_TITLE}}", total=total, note="")
        self._counts: Mapping[str, int] = {}

    def advance(self, counts: Mapping[str, int]) -> None:
        """One more is done, of which *counts* tells the sorts."""
        self._counts = counts
        self._progress.update(self._task, advance=1, note=self.note)

    @property
    def note(self) -> str:
        """What came of it so far."""
        return ", ".join(f"{count:,} {name}" for name, count in self._counts.items() if count)


class Screen:
    """Shows stages on the standard output.

    Args:
        console: Where.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        roomy = console.width >= _ROOMY
        self._progress = Progress(
            TextColumn("  {task.description}"),
            BarColumn(bar_width=30 if roomy else 12),
            TextColumn("{task.completed:>6,}/{task.total:<6,}"),
            *([TimeElapsedColumn()] if roomy else []),
            TextColumn("[dim]{task.fields[note]}"),
            console=console,
            # Elsewhere than in a terminal, a line says it when a stage has ended.
            disable=not console.is_terminal,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    @contextmanager
    def stage(self, title: str, total: int) -> Iterator[Stage]:
        """Show a stage of *total* steps while the block runs."""
        stage = Stage(self._progress, title, total)
        yield stage
        if not self.console.is_terminal:
            put(f"  {title:<{_TITLE}} {total:>7,}: {stage.note}\n")
