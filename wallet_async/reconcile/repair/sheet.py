"""A table as CSV that people open in a spreadsheet: what it must not change, and how it is told if it has. Pure."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from wallet_async.engine.errors import InvalidInputError

_LOOKS_LIKE_MORE = re.compile(r"['=+@\t\r-].*|[0-9][0-9.,:/ -]*(e[0-9]+)?", re.DOTALL | re.IGNORECASE)
"""Text that a spreadsheet would run as a formula (OWASP, "CSV injection"), or change as a number or a date."""


def shielded(text: str) -> str:
    """Write *text* so that a spreadsheet leaves it as it is: with an apostrophe in front if need be."""
    return f"'{text}" if _LOOKS_LIKE_MORE.fullmatch(text) else text


def bare(cell: str) -> str:
    """Read what `shielded` wrote."""
    return cell.removeprefix("'")


def seal(cells: Mapping[str, str], kept: Sequence[str]) -> str:
    """Sum up the columns *kept* of a row: a cell that was changed by hand or by a spreadsheet gives another sum."""
    return sha256("\0".join(cells[name] for name in kept).encode()).hexdigest()[:8]


def read_rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Read the rows of a file with these columns, each with its place for an error.

    Raises:
        InvalidInputError: It is no such file; the error says what is expected.
    """
    expected = f"expected UTF-8 text, parted by commas, with the columns {','.join(columns)}"
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, [])
            if tuple(header) != tuple(columns):
                raise InvalidInputError(f"{path}: {_what(header)}; {expected}")
            for cells in filter(None, reader):
                place = f"{path}, line {reader.line_num}"
                if len(cells) != len(columns):
                    raise InvalidInputError(f"{place}: it has {len(cells)} cells, expected {len(columns)}")
                yield place, {name: bare(cell) for name, cell in zip(columns, cells, strict=True)}
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise InvalidInputError(f"{path} is not UTF-8; {expected}") from None
    except csv.Error as error:
        raise InvalidInputError(f"{path} is not CSV ({error}); {expected}") from None


def _what(header: Sequence[str]) -> str:
    if not header:
        return "it is empty"
    if len(header) == 1 and ";" in header[0]:
        return "its cells are parted by semicolons, as some spreadsheets save them"
    return f"its columns are {','.join(header)[:200]}"
