"""asyncpg, and what its errors say; imported when a journal in PostgreSQL is opened, since it may be missing."""

from __future__ import annotations

from typing import Any, TypeGuard

from wallet_async.journal.errors import JournalError

try:
    import asyncpg as _asyncpg  # type: ignore[import-untyped]
except ImportError:
    raise JournalError("a journal in PostgreSQL needs asyncpg: pip install 'wallet-async[postgres]'") from None

asyncpg: Any = _asyncpg

FAULTS: tuple[type[Exception], ...] = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,  # TimeoutError is one
    EOFError,
    ValueError,  # a URL that cannot be read
)
"""All that asyncpg raises."""

_HINTS = {
    "42P01": ": run `wallet-async journal install`",  # the table is missing
    "3F000": ": run `wallet-async journal install`",  # the schema is missing
    "55P03": ": another session holds the lock for too long",
}
"""What to do, by SQLSTATE."""


def fault(error: Exception) -> JournalError:
    """Make of an error of asyncpg one that shows neither a password nor a movement.

    asyncpg's own words may hold both: an argument it cannot encode, a piece of a URL it misreads, a row in DETAIL. What
    PostgreSQL says in its first line holds names of things only.
    """
    if _from_server(error):
        return JournalError(f"PostgreSQL says: {error.message} ({error.sqlstate}){_HINTS.get(error.sqlstate, '')}")
    if isinstance(error, asyncpg.DataError):
        return JournalError("PostgreSQL cannot keep this: half a character, or a number out of range")
    if isinstance(error, ValueError):
        return JournalError("the URL of the journal cannot be read: is each special character of it %-encoded?")
    if isinstance(error, TimeoutError):
        return JournalError("PostgreSQL did not answer in time")
    if isinstance(error, OSError):
        return JournalError(f"PostgreSQL cannot be reached: {error.strerror or type(error).__name__}")
    return JournalError("the connection to PostgreSQL broke")


def undone(error: Exception) -> bool:
    """Whether a statement that commits by itself certainly did not, and its connection still works.

    ERROR ends a statement and undoes it; FATAL ends the connection, at any moment, also behind a commit. What asyncpg
    cannot encode it does not send.
    """
    if _from_server(error):
        return bool(error.severity_en == "ERROR")
    return bool(isinstance(error, asyncpg.DataError))


def _from_server(error: Any) -> TypeGuard[Any]:
    """Whether PostgreSQL has said it, rather than asyncpg."""
    return isinstance(error, asyncpg.PostgresError) and getattr(error, "severity_en", None) is not None
