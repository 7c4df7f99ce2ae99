"""Results onto the standard output: JSON lines, CSV, or a table."""

from __future__ import annotations

import re
import sys
from abc import ABC, abstractmethod
from typing import Any

from wallet_async.cli.columns import columns, plain, text
from wallet_async.cli.exits import OutputError
from wallet_async.engine import codec

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet runs as a formula (OWASP, "CSV injection")."""

_QUOTE = '"'
_SPECIAL = re.compile(r'[",\r\n]')
"""What a cell is quoted for (RFC 4180)."""


class Writer(ABC):
    """Takes results one by one.

    Args:
        kind: The class of the rows, so that a header can be written before the first; None if it is not known.
    """

    def __init__(self, kind: type[Any] | None) -> None:
        self._columns = columns(kind) if kind else ()
        self.rows: int = 0
        """Rows taken so far."""

    def row(self, value: Any) -> None:
        """Take one row of several.

        Raises:
            OutputError: It could not be written.
        """
        self._columns = self._columns or columns(type(value))
        self.rows += 1
        self._row(value)

    @abstractmethod
    def _row(self, value: Any) -> None:
        """Take a row."""

    @abstractmethod
    def single(self, value: Any) -> None:
        """Write the only result."""

    @abstractmethod
    def end(self) -> None:
        """Write what is still held back, after the last row."""


class JsonWriter(Writer):
    """One JSON object a line, as each comes; every field, numbers exact, times in UTC."""

    def _row(self, value: Any) -> None:
        put(codec.dumps(plain(value)).decode() + "\n")

    def single(self, value: Any) -> None:
        """Write one line."""
        self._row(value)

    def end(self) -> None:
        """Write nothing: every row is out."""


class CsvWriter(Writer):
    """A header and a line a row, as each comes; every field, nested ones as ``wallet.total_balance``."""

    _begun = False

    def _row(self, value: Any) -> None:
        self._begin()
        _write_line([_disarmed(column.of(value)) for column in self._columns])

    def single(self, value: Any) -> None:
        """Write a header and one line."""
        self.row(value)

    def end(self) -> None:
        """Write the header if there was no row."""
        self._begin()

    def _begin(self) -> None:
        if not self._begun and self._columns:
            self._begun = True
            _write_line([column.name for column in self._columns])


def _disarmed(value: Any) -> str:
    cell = text(value)
    # Descriptions are other people's texts. Numbers are ours: a minus sign there is a minus sign.
    return f"'{cell}" if isinstance(value, str) and cell.startswith(_FORMULA) else cell


def _write_line(cells: list[str]) -> None:
    # The csv module leaves a lone carriage return unquoted if lines end in a line feed, and cannot read that back.
    quoted = (f'"{cell.replace(_QUOTE, _QUOTE * 2)}"' if _SPECIAL.search(cell) else cell for cell in cells)
    put(",".join(quoted) + "\n")


def put(line: str) -> None:
    """Write to the standard output at once, so that a reader of a pipe sees each row as it comes.

    Raises:
        OutputError: It could not be written.
        BrokenPipeError: The reader has gone.
    """
    try:
        sys.stdout.write(line)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"the result could not be written: {error.strerror}") from None
