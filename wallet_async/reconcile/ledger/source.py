"""What every kind of own ledger is read as: a table of headers and records of text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from attrs import frozen

from wallet_async.engine.errors import InvalidInputError
from wallet_async.reconcile.ledger.values import UnreadableError

Record = tuple[int, "Sequence[str | None] | UnreadableError"]
"""Number of a line or row, and the texts that were asked for; or why it has none."""


@frozen
class Header:
    """A column as the source has it."""

    name: str
    type: str | None = None
    """Its declared type, or None where there is only text."""
    exact: bool = True
    """False where its type is a binary fraction: such a column has lost what was written into it."""


@frozen(kw_only=True)
class Table:
    """An own ledger that has been opened. It is read once."""

    name: str
    """What errors call it."""
    unit: str
    """What its records are counted in: ``line`` of a file, or ``row`` of a table."""
    headers: tuple[Header, ...]
    records: Callable[[Sequence[int | None]], Iterator[Record]]
    """Gives the texts of the columns at these places; None in place of a column gives None."""


Opening = Callable[[], AbstractContextManager[Table]]
"""Opens a table; it may be called, and the table be read, in any one thread. Raises `InvalidInputError`."""


class LedgerSource(Protocol):
    """Where an own ledger comes from."""

    def fingerprint(self) -> str:
        """Say in one line what would be read now: another text means another ledger.

        Raises:
            InvalidInputError: It is not there.
        """

    def as_of(self) -> datetime | None:
        """Say until when it can know of movements: when its file was last written; None if that is when it is read.

        Raises:
            InvalidInputError: It is not there.
        """

    async def fetch(self, spill: Path, *, first: int | None) -> Opening:
        """Bring what is on another machine into the folder *spill*, and say how the table is opened.

        Args:
            spill: A folder for this ledger alone, which the caller takes away at the end.
            first: How many rows are wanted; None for all. More may be given.

        Raises:
            InvalidInputError: It cannot be read.
        """


def file_fingerprint(path: Path) -> str:
    """Say which file this is, and in which state.

    Raises:
        InvalidInputError: There is no such file.
    """
    try:
        state = path.stat()
    except OSError as error:
        raise InvalidInputError(f"the ledger {str(path)!r} cannot be read: {error.strerror}") from None
    if not path.is_file():
        kind = "a folder" if path.is_dir() else "no regular file"
        raise InvalidInputError(f"the ledger {str(path)!r} is {kind}; expected a file")
    return f"{path.resolve()} {state.st_size} bytes {state.st_mtime_ns}"


def written_at(path: Path) -> datetime:
    """Say when a file was last written.

    Raises:
        InvalidInputError: There is no such file.
    """
    file_fingerprint(path)
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


@contextmanager
def folder_in(spill: Path) -> Iterator[Path]:
    """Make a folder for one ledger in *spill*, and take it away at the end.

    Raises:
        InvalidInputError: It cannot be made.
    """
    try:
        spill.mkdir(parents=True, exist_ok=True)
        folder = TemporaryDirectory(dir=spill, prefix="ledger.")
    except OSError as error:
        raise InvalidInputError(f"{spill} cannot be written to: {error.strerror}") from None
    with folder as name:
        yield Path(name)
