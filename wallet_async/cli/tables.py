"""Results as a table for a person."""

from __future__ import annotations

from typing import Any

from rich.table import Table
from rich.text import Text

from wallet_async.cli.columns import columns
from wallet_async.cli.console import show, standard_output
from wallet_async.cli.layout import GAP, cell, fit, strips
from wallet_async.cli.writers import Writer


class TableWriter(Writer):
    """Keeps the rows until the end, for the widths of all of them are needed, and writes a table."""

    def __init__(self, kind: type[Any] | None) -> None:
        super().__init__(kind)
        self._kept: list[Any] = []
        self._console = standard_output()

    def _row(self, value: Any) -> None:
        self._kept.append(value)

    def single(self, value: Any) -> None:
        """Write one result as names and values."""
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, GAP, 0, 0))
        table.add_column(style="bold", no_wrap=True)
        table.add_column(overflow="fold")
        for column in columns(type(value)):
            if column.shown and (shown := cell(column.of(value))):
                table.add_row(column.name, Text(shown))
        show(self._console, table)

    def end(self) -> None:
        """Write the table, if there is a row."""
        if not self._kept:
            return
        made = strips(self._columns, self._kept)
        widths = fit(made, self._console.width)
        table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, GAP, 0, 0))
        for strip, width in zip(made, widths, strict=False):
            justify = "right" if strip.right else "left"
            table.add_column(strip.name, justify=justify, width=width, overflow="fold")  # type: ignore[arg-type]
        for row in zip(*(strip.cells for strip in made[: len(widths)]), strict=True):
            table.add_row(*map(Text, row))
        show(self._console, table)
        if len(widths) < len(made):
            names = ", ".join(strip.name for strip in made[len(widths) :])
            show(self._console, Text(f"left out, too wide: {names} (--json and --csv have all)", "dim"))
