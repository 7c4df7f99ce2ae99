"""Many operations, one transaction: all of them share one commit, and one that fails takes no other with it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Final

from wallet_async.journal.errors import JournalError

Work = Callable[[sqlite3.Connection], object]
"""An operation: it returns what its caller gets, or raises."""

OWN: Final = (JournalError, sqlite3.IntegrityError, sqlite3.DataError, OverflowError)
"""Errors that say something of one operation; any other says that the database, or this program, is broken."""


def transact(db: sqlite3.Connection, works: Sequence[Work]) -> tuple[list[object], bool]:
    """Run *works* in one transaction.

    Returns:
        What each gave, or the `JournalError` it ended in; and whether anything was written. All of it is durable.

    Raises:
        Exception: Nothing of it was done, as far as can be known; *db* is not to be trusted any more.
    """
    outcomes: list[object]
    db.execute("BEGIN IMMEDIATE")
    before = db.total_changes
    try:
        outcomes = [work(db) for work in works]
    except OWN:
        # A savepoint each costs as much as the work itself, and hardly any ever fails: only now it is worth it.
        db.execute("ROLLBACK")
        db.execute("BEGIN IMMEDIATE")
        before = db.total_changes
        outcomes = [_apart(db, work) for work in works]
    wrote = db.total_changes > before
    if wrote:
        db.execute("UPDATE generation SET counter = counter + 1")
    db.execute("COMMIT")
    return outcomes, wrote


def _apart(db: sqlite3.Connection, work: Work) -> object:
    """Run one of them so that it is there whole, or not at all."""
    db.execute("SAVEPOINT one")
    outcome: object
    try:
        outcome = work(db)
    except OWN as error:
        db.execute("ROLLBACK TO one")
        outcome = error if isinstance(error, JournalError) else JournalError(f"the journal cannot keep this: {error}")
    db.execute("RELEASE one")
    return outcome
