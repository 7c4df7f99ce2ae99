"""Was the file put back from a backup, or copied? What is known outside the file, and what follows from it.

Beside the journal lies a small file, ``<journal>-mark``. It says how many transactions the journal had when it was
last written: after every commit (not synced, so a power cut may take it some seconds back, never ahead), and synced
when the journal is opened and closed.

What is noticed at opening:

- an older state of the journal copied over it, whether its write-ahead log was left or not: there were more
  transactions once, in the journal or in its file alone;
- another file in its place, or the folder copied elsewhere: another inode than the one that was written down;
- a journal that was deleted while its mark stayed, or that came without its mark;
- a state from before an earlier restore: each time, the generation gets a new id.

What cannot be noticed: that the journal *and* its mark were put back together into the very same inodes (a snapshot of
the whole disk, ``rsync --inplace``, a file system that gave the same number again); that both were deleted; and, after
a power cut, an older state from the last seconds before it. The number of the device is not looked at: it may change
with every start of a machine or container.
"""

from __future__ import annotations

import os
from pathlib import Path

from attrs import frozen


@frozen(kw_only=True)
class Generation:
    """What the journal says of itself."""

    id: str
    """Made anew each time entries may have gone missing."""
    inode: str
    """Of the file that it was written to."""
    counter: int
    """Transactions that wrote something."""
    restored: bool
    """Whether entries may be missing."""


@frozen(kw_only=True)
class Mark:
    """What the file beside the journal says."""

    id: str
    """Of the generation."""
    counter: int
    """Transactions the journal had at least."""
    base: int
    """Transactions its main file had at least, without the write-ahead log."""


def may_miss_entries(found: Generation | None, mark: Mark | None, *, inode: str, base: int) -> bool:
    """Say whether entries may be missing from the journal.

    Args:
        found: What the journal says, or None if it is new.
        mark: What its mark says, or None if there is none that can be read.
        inode: Of the journal's file.
        base: Transactions in its main file alone.
    """
    if found is None:
        return mark is not None and mark.counter > 0
    if found.restored or mark is None:
        return True
    return mark.id != found.id or mark.counter > found.counter or mark.base > base or inode != found.inode


class MarkFile:
    """The file beside the journal: a line of fixed length, written over in place."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)

    def read(self) -> Mark | None:
        """Give what it says, or None if it says nothing."""
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        try:
            name, counter, base = os.read(self._descriptor, 1_000).decode("ascii").split()
            return Mark(id=name, counter=int(counter), base=int(base))
        except ValueError:
            return None

    def write(self, mark: Mark, *, durable: bool) -> None:
        """Write *mark*, and wait until no power cut can take it away if *durable*."""
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        os.write(self._descriptor, f"{mark.id} {mark.counter:020} {mark.base:020}\n".encode("ascii"))
        if durable:
            os.fsync(self._descriptor)

    def close(self) -> None:
        """Close it."""
        os.close(self._descriptor)
