"""The standard output, and the standard error, as rich sees them."""

from __future__ import annotations

from io import StringIO

from rich.console import Console, RenderableType

from wallet_async.cli.writers import put

_UNBOUNDED = 10_000
"""Width in characters of what goes to a file or a pipe: nothing has to fit there."""


class StandardOutput(Console):
    """A console that tells when the reader of the output has gone; rich's own ends the program."""

    def on_broken_pipe(self) -> None:
        """Tell it."""
        raise BrokenPipeError


def standard_output() -> Console:
    """Make a console as wide as the terminal; without one, nothing is folded."""
    return _unfolded(StandardOutput(highlight=False))


def standard_error() -> Console:
    """Make the same of the standard error: for what is said beside results."""
    return _unfolded(StandardOutput(stderr=True, highlight=False))


def _unfolded(console: Console) -> Console:
    if not console.is_terminal:
        console.width = _UNBOUNDED
    return console


def show(console: Console, shown: RenderableType) -> None:
    """Print *shown* with no blanks at the ends of its lines.

    Raises:
        OutputError: It could not be written.
        BrokenPipeError: The reader has gone.
    """
    page = StringIO()
    Console(file=page, width=console.width, force_terminal=console.is_terminal, highlight=False).print(shown)
    put("".join(f"{line.rstrip()}\n" for line in page.getvalue().splitlines()))
