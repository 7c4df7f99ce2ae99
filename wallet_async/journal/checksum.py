"""Entries as rows: their fields and a checksum over them, which tells one that was damaged. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any
from zlib import crc32

import attrs
from attrs import frozen

from wallet_async.journal.entry import Entry, State
from wallet_async.journal.errors import JournalError

FIELDS: tuple[str, ...] = tuple(field.name for field in attrs.fields(Entry))
COLUMNS: tuple[str, ...] = (*FIELDS, "checksum")
"""The names of a row's values, in the order that all functions here keep to."""

_values = attrgetter(*FIELDS)


@frozen
class Damaged:
    """What stands in the place of an entry and is not what was written there; the names may be wrong, too."""

    service: str
    reference: str

    @property
    def message(self) -> str:
        """What is wrong, and what to do."""
        return (
            f"the journal is damaged: the entry of {self.service!a} {self.reference!a} is not what was written; put a "
            "backup of the journal in its place, and until then nothing is sent under this reference"
        )


def checksum_after(entry: Entry, state: State, updated_at: int, receipt: str | None, reason: str | None) -> int:
    """Give the checksum of *entry* as it is once these fields of it are written: quicker than to make that entry.

    Raises:
        JournalError: There is text in them that not every database keeps.
    """
    values = _values(entry)
    return _kept((*values[:4], state, *values[5:9], receipt, reason, values[11], updated_at))


def row(entry: Entry) -> tuple[Any, ...]:
    """Give the row of *entry*.

    Raises:
        JournalError: There is text in it that not every database keeps.
    """
    values = _values(entry)
    return (*values, _kept(values))


def verified(row: tuple[Any, ...]) -> Entry | Damaged:
    """Give the entry of *row*, or say that it is damaged."""
    values = row[:-1]
    if _sum(values) != row[-1]:
        return Damaged(str(row[0]), str(row[1]))
    return Entry(**dict(zip(FIELDS, values, strict=True)))


def sound(row: tuple[Any, ...]) -> Entry:
    """Give the entry of *row*.

    Raises:
        JournalError: It is damaged.
    """
    entry = verified(row)
    if isinstance(entry, Damaged):
        raise JournalError(entry.message)
    return entry


def _kept(values: tuple[Any, ...]) -> int:
    """Sum up what is to be written: to look through all of it at once costs least."""
    text = _text(values)
    try:
        if text.count("\0") == len(values):
            return crc32(text.encode())
    except UnicodeEncodeError:
        pass
    raise JournalError("the journal cannot keep text with a NUL or half a character in it")


def _sum(values: Sequence[Any]) -> int:
    return crc32(_text(values).encode(errors="surrogatepass"))


def _text(values: Sequence[Any]) -> str:
    """Write all in one text, with a NUL behind each; the number of those that are missing tells None from the word."""
    return "\0".join(map(str, values)) + f"\0{values.count(None)}"
