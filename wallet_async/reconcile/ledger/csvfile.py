"""An own ledger in a CSV file, plain or gzipped, read in bounded memory whatever the file really is."""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from codecs import lookup
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any, TextIO

from attrs import field, frozen

from wallet_async.engine.checks import reject
from wallet_async.engine.errors import InvalidInputError
from wallet_async.engine.redact import printable
from wallet_async.reconcile.ledger.source import Header, Opening, Record, Table, file_fingerprint, written_at
from wallet_async.reconcile.ledger.values import UnreadableError

_DELIMITERS = (",", ";", "\t", "|")

_LONGEST_LINE = 1_000_000
"""Characters. A file that is no CSV may have no end of line in gigabytes."""

_FOREIGN = re.compile("[\x00\ud800-\udfff]")
"""What no text file holds: zero bytes, and bytes that could not be decoded (`surrogateescape`)."""


def _known_encoding(_: Any, __: Any, name: str) -> None:
    try:
        "".encode(name)
    except LookupError:
        raise reject("encoding", name, "the name of an encoding such as 'utf-8'") from None


def _one_character(_: Any, __: Any, text: str | None) -> None:
    if text is not None and (len(text) != 1 or text in '"\r\n'):
        raise reject("delimiter", text, "one character")


@frozen
class CsvLedger:
    """A CSV file whose first line holds the headers. One with headers only is an empty ledger.

    Fields may be quoted with ``"``, and a quote in them is written twice; an empty field is no value.
    """

    path: Path = field(converter=Path)
    delimiter: str | None = field(default=None, kw_only=True, validator=_one_character)
    """None: the one of comma, semicolon, tab and ``|`` that the header has most of."""
    encoding: str = field(default="utf-8", kw_only=True, validator=_known_encoding)

    def fingerprint(self) -> str:
        """Name the file, its size and when it was written.

        Raises:
            InvalidInputError: There is no such file.
        """
        return file_fingerprint(self.path)

    def as_of(self) -> datetime:
        """Say when the file was last written; see `LedgerSource`."""
        return written_at(self.path)

    async def fetch(self, spill: Path, *, first: int | None) -> Opening:  # noqa: ARG002 - it is on this machine
        """Say how the file is opened; see `LedgerSource`."""
        return self._opened

    @contextmanager
    def _opened(self) -> Iterator[Table]:
        self.fingerprint()
        name = self.path.name
        with _text(self.path, self.encoding) as file:
            lines = _lines(file, name, self.encoding)
            first = next(lines, "")
            records = parsed(chain([first] if first else [], lines), name, self.delimiter or _delimiter(first))
            _, headers = next(records, (0, None))
            if headers is None:
                raise InvalidInputError(f"{name} is empty; expected a line of headers")
            yield Table(
                name=name,
                unit="line",
                headers=tuple(Header(header.strip()) for header in headers),
                records=partial(picked, records, len(headers)),
            )


def _text(path: Path, encoding: str) -> TextIO:
    """Open a file as text; bytes that do not decode become surrogates, which `_lines` finds with their line."""
    name = "utf-8-sig" if lookup(encoding).name == "utf-8" else encoding
    try:
        if path.suffix == ".gz":
            return gzip.open(path, "rt", encoding=name, errors="surrogateescape", newline="")
        return path.open(encoding=name, errors="surrogateescape", newline="")
    except OSError as error:
        raise InvalidInputError(f"the ledger {str(path)!r} cannot be read: {error.strerror}") from None


def _lines(file: TextIO, name: str, encoding: str) -> Iterator[str]:
    """Give the lines of a file that holds text."""
    number = 0
    try:
        while line := file.readline(_LONGEST_LINE):
            number += 1
            if len(line) == _LONGEST_LINE:
                raise InvalidInputError(
                    f"{name} line {number} is longer than {_LONGEST_LINE:,} characters; expected a CSV file"
                )
            if "\0" in line or (not line.isascii() and _FOREIGN.search(line)):
                raise InvalidInputError(f"{name} line {number} is no text in {encoding}; expected a CSV file in UTF-8")
            yield line
    except (OSError, EOFError, zlib.error, UnicodeError) as error:
        raise InvalidInputError(f"{name} cannot be read behind line {number}: {printable(str(error))}") from None


def _delimiter(header: str) -> str:
    """Give what parts the fields of the header."""
    return max(_DELIMITERS, key=lambda delimiter: len(next(csv.reader([header], delimiter=delimiter), ())))


def parsed(lines: Iterator[str], name: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Give each record with the number of its first line; blank lines are none.

    Raises:
        InvalidInputError: A quote is not closed, or something stands behind a closing one.
    """
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    before = 0
    try:
        for record in reader:
            if record:
                yield before + 1, record
            before = reader.line_num
    except csv.Error as error:
        raise InvalidInputError(
            f"{name} line {before + 1}: quotes do not match ({error}); "
            "each that opens a field has to close it, and one inside is written twice"
        ) from None


def picked(records: Iterator[tuple[int, list[str]]], width: int, places: Sequence[int | None]) -> Iterator[Record]:
    """Give the fields at *places* of records that have *width* fields, and what is wrong with the others."""
    first, *others = (width if place is None else place for place in places)
    # Of one place alone, `itemgetter` would give no tuple.
    pick = itemgetter(first, *others) if others else itemgetter(slice(first, first + 1))
    for line, record in records:
        if len(record) == width:
            record.append("")  # what stands in place of a column that is not there
            yield line, pick(record)
        else:
            yield line, UnreadableError(f"it has {len(record)} fields; the header has {width}")
