"""The journal's file: opened only if it is ours, whole and nobody else's; closed so that nothing is left beside it."""

from __future__ import annotations

import os
import secrets
import sqlite3
import stat
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Final

from attrs import evolve

from wallet_async.journal import migrations
from wallet_async.journal.errors import JournalError, JournalInUseError
from wallet_async.journal.sqlite import rows
from wallet_async.journal.sqlite.mark import Generation, Mark, MarkFile, may_miss_entries

APPLICATION_ID: Final = 0x57414A31
"""Stands in the header of every journal, so that no other program's database is taken for one."""
LOG_BYTES: Final = 4 * 2**20
"""The write-ahead log is brought into the file when it is longer."""
_SETTINGS: Final = (
    # The first: it keeps the log's index out of shared memory, so that there is no second connection, ever.
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA synchronous = FULL",
    "PRAGMA fullfsync = ON",  # macOS: fsync alone leaves it in the drive's cache
    "PRAGMA checkpoint_fullfsync = ON",
    "PRAGMA foreign_keys = ON",  # an entry that is deleted takes its events along
    "PRAGMA wal_autocheckpoint = 0",  # `JournalFile.tidy` does it, after the callers have their answers
)
_CHECK: Final = "PRAGMA integrity_check(1)"  # also of the index, by which the resolver finds its work
_IN_USE: Final = "another process, or another journal in this one, has it open; several share one in PostgreSQL"


class JournalFile:
    """An open journal: one connection that holds the file alone, and its mark. For one thread."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it.

        Raises:
            JournalError: It is not a journal that can be used. Nothing was changed.
            OSError: The file system refused something.
            sqlite3.Error: SQLite did; `explained` says what either means.
        """
        self._path = Path(os.path.realpath(path))  # the write-ahead log stands beside the file, not beside a link to it
        self._log = _beside(self._path, "-wal")
        _check_modes(self._path)
        with ExitStack() as undo:
            self.db: sqlite3.Connection = undo.enter_context(closing(_connected(self._path)))
            self.applied: tuple[migrations.Migration, ...] = missing(self.db)
            for step in self.applied:
                _apply(self.db, step)
            self._mark_file = undo.enter_context(closing(MarkFile(_beside(self._path, "-mark"))))
            self.restored: bool
            self._mark, self.restored = self._placed()
            undo.pop_all()

    def wrote(self) -> None:
        """Note that a transaction was committed; not synced, so it costs next to nothing."""
        self._mark = evolve(self._mark, counter=self._mark.counter + 1)
        with suppress(OSError):  # it then says less than it could, and the commit is no less true
            self._mark_file.write(self._mark, durable=False)

    def tidy(self) -> None:
        """Bring a long write-ahead log into the file."""
        if self._log.stat().st_size > LOG_BYTES:
            self._checkpoint(durable=False)

    def compact(self) -> None:
        """Write the file anew, without the remains of what was pruned; without room for that it stays as it is."""
        with suppress(sqlite3.Error):
            self.db.execute("VACUUM")

    def close(self) -> None:
        """Leave one file with everything in it, and the mark beside it. Never fails: what was committed stays."""
        with suppress(sqlite3.Error, OSError):
            if self.db.in_transaction:
                self.db.execute("ROLLBACK")
            # After a commit that failed, the log may hold it all the same: emptied, it cannot come back.
            self._checkpoint(durable=True)
        with suppress(sqlite3.Error):
            self.db.close()
        with suppress(OSError):
            self._mark_file.close()

    def _checkpoint(self, *, durable: bool) -> None:
        self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._mark = evolve(self._mark, base=self._mark.counter)
        self._mark_file.write(self._mark, durable=durable)

    def _placed(self) -> tuple[Mark, bool]:
        """Find out whether the file is what was written here last; from then on it is."""
        inode = str(self._path.stat().st_ino)
        found, mark = _generation(self.db), self._mark_file.read()
        base = _in_the_file_alone(self._path)
        restored = may_miss_entries(found, mark, inode=inode, base=base)
        if found is None or restored:
            # The mark first, and never back: should it end in between, the ids differ.
            counter = max(found.counter if found else 0, mark.counter if mark else 0)
            found = Generation(id=secrets.token_hex(8), inode=inode, counter=counter, restored=restored)
            base = 0
        mark = Mark(id=found.id, counter=found.counter, base=base)
        self._mark_file.write(mark, durable=True)
        _sync_folder(self._path)
        self.db.execute(
            "REPLACE INTO generation (only_one, id, inode, counter, restored) VALUES (1, ?, ?, ?, ?)",
            (found.id, found.inode, found.counter, found.restored),
        )
        return mark, restored


def set_restored(db: sqlite3.Connection, *, restored: bool) -> None:
    """Write down whether entries may be missing."""
    db.execute("UPDATE generation SET restored = ?", (restored,))


def explained(path: Path, error: Exception) -> JournalError:
    """Say what *error* means for the journal at *path*, in an error of its own for each caller."""
    explanation = JournalError(f"{path}: {error}")
    if isinstance(error, JournalError):
        explanation = type(error)(error.message)
    elif isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
        explanation = JournalInUseError(f"{path}: {_IN_USE}")
    explanation.__cause__ = error
    return explanation


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _check_modes(path: Path) -> None:
    """Make the file where there is none; refuse one that others may read, and all that is no file.

    Its descriptor is closed only where it was made: closing any descriptor of a file gives back every lock that this
    process has on it.
    """
    if not path.parent.is_dir():
        raise JournalError(f"{path}: there is no folder {path.parent}")
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    for suffix in ("", "-wal", "-mark"):
        file = _beside(path, suffix)
        with suppress(FileNotFoundError):
            mode = file.stat().st_mode
            if not stat.S_ISREG(mode):
                raise JournalError(f"{file}: this is not a file")
            if os.name == "posix" and mode & 0o077:
                raise JournalError(f"{file}: others may read it; it holds customers' movements, so: chmod 600 {file}")


def _connected(path: Path) -> sqlite3.Connection:
    """Connect to the file if it is a journal, or empty, and hold it alone."""
    db = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        for setting in _SETTINGS:
            db.execute(setting)
        check_ours(path, db)  # the first read: takes the lock
        if (damage := _damage(db)) is not None:
            raise JournalError(f"{path}: the file is damaged ({damage}); put a backup in its place")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("BEGIN IMMEDIATE")  # the lock for writing too, which then is kept
        db.execute("COMMIT")
    except BaseException:
        db.close()
        raise
    return db


def check_ours(path: Path, db: sqlite3.Connection) -> None:
    """Refuse what is neither a journal of this release, or an older one, nor empty.

    Raises:
        JournalError: It says whose it is.
    """
    (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and _pragma(db, "application_id") != APPLICATION_ID:
        raise JournalError(f"{path}: this is another program's database")
    known = len(migrations.load("sqlite"))
    if (version := _pragma(db, "user_version")) > known:
        raise JournalError(f"{path}: a newer wallet-async wrote it (tables {version}, here {known}); upgrade")


def _damage(db: sqlite3.Connection) -> str | None:
    """Say what is wrong with the file, if anything is. It is read through, entry by entry.

    A reference that was damaged would not be found when it is asked for, and its movement would be sent again.
    """
    if (found := db.execute(_CHECK).fetchone()[0]) != "ok":
        return str(found)
    if not _pragma(db, "user_version"):
        return None  # there is nothing in it yet
    try:
        entry = rows.damaged(db)
    except sqlite3.OperationalError as error:  # no UTF-8
        return str(error)
    return None if entry is None else f"the entry of {entry.service!a} {entry.reference!a} is not what was written"


def missing(db: sqlite3.Connection) -> tuple[migrations.Migration, ...]:
    """Give the steps that the tables lack."""
    return migrations.load("sqlite")[_pragma(db, "user_version") :]


def _apply(db: sqlite3.Connection, step: migrations.Migration) -> None:
    header = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {step.number};"
    db.executescript(f"BEGIN IMMEDIATE; {step.sql} {header} COMMIT;")


def _pragma(db: sqlite3.Connection, name: str) -> int:
    value: int = db.execute(f"PRAGMA {name}").fetchone()[0]
    return value


def _generation(db: sqlite3.Connection) -> Generation | None:
    row = db.execute("SELECT id, inode, counter, restored FROM generation").fetchone()
    return row and Generation(id=row[0], inode=row[1], counter=row[2], restored=bool(row[3]))


def without_log(path: Path) -> sqlite3.Connection:
    """Connect to the main file alone: nothing is locked, and nothing is changed, not even by closing it."""
    return sqlite3.connect(f"{path.as_uri()}?immutable=1", uri=True)


def _in_the_file_alone(path: Path) -> int:
    """Give the transactions in the main file, its write-ahead log left out."""
    try:
        with closing(without_log(path)) as db:
            found = _generation(db)
    except sqlite3.Error:  # nothing was brought into it yet
        found = None
    return found.counter if found else 0


def _sync_folder(path: Path) -> None:
    """Make the names of new files durable, where a folder can be synced."""
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
