"""The journal in an SQLite file, for one process."""

from wallet_async.journal.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
