"""The standard output as rich sees it."""

from __future__ import annotations

from rich.console import Console, RenderableType

from wallet_async.cli.writers import put

_UNBOUNDED = 10_000
"""Width in characters of what goes to a file or a pipe: nothing has to fit there."""


def standard_output() -> Console:
    """Make a console as wide as the terminal; without one, nothing is folded."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _UNBOUNDED
    return console


def show(console: Console, shown: RenderableType) -> None:
    """Print *shown* with no blanks at the ends of its lines.

    Raises:
        OutputError: It could not be written.
        BrokenPipeError: The reader has gone.
    """
    with console.capture() as capture:
        console.print(shown)
    put("".join(f"{line.rstrip()}\n" for line in capture.get().splitlines()))
