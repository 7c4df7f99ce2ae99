"""An entry written inside the caller's own transaction: it is there if, and only if, the caller's own rows are."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, runtime_checkable

from wallet_async.engine.errors import InvalidInputError
from wallet_async.journal.entry import Entry
from wallet_async.journal.errors import JournalError
from wallet_async.journal.postgres import sql
from wallet_async.journal.postgres.driver import FAULTS, fault

_Fetch = Callable[..., Awaitable[Mapping[str, Any] | None]]
"""Runs a statement with its arguments, and gives its first row."""


@runtime_checkable
class Connection(Protocol):
    """A connection of asyncpg, or of its pool."""

    def is_in_transaction(self) -> bool:
        """Whether a transaction has begun."""

    async def fetchrow(self, query: str, /, *args: Any) -> Any:
        """Run a statement, and give its first row."""


class Session(Protocol):
    """An `AsyncSession` of SQLAlchemy, or its `AsyncConnection`."""

    async def execute(self, statement: Any, params: Any = ..., /) -> Any:
        """Run a statement."""


async def prepare_in(transaction: Connection | Session, entry: Entry) -> Entry:
    """Write *entry* as ``prepared`` in a transaction of the caller's.

    Others see it when the caller commits, and it is gone if the caller rolls back. Until then another one that wants
    the same reference waits.

    Args:
        transaction: A connection of asyncpg on which ``connection.transaction()`` has begun, or SQLAlchemy's
            `AsyncSession`.
        entry: Its state is ``prepared``.

    Returns:
        What stands under the reference now: *entry* itself, or what was there.

    Raises:
        InvalidInputError: No transaction has begun, or the entry is not ``prepared``.
        JournalError: The database refuses it; the transaction can only be rolled back.
    """
    if entry.state != "prepared":
        raise InvalidInputError(f"an entry is written here as 'prepared', not {entry.state!r}")
    if isinstance(transaction, Connection):
        if not transaction.is_in_transaction():
            raise InvalidInputError("begin a transaction on the connection first: async with connection.transaction()")
        return await _claim(_checked(transaction.fetchrow), entry)
    return await _claim(_through_sqlalchemy(transaction), entry)


async def _claim(fetch: _Fetch, entry: Entry) -> Entry:
    row = await fetch(sql.CLAIM, *sql.claimed(entry)) or await fetch(sql.LOAD, entry.service, entry.reference)
    if row is None:
        raise JournalError(f"reference {entry.reference!r} has no entry that attempt {entry.attempt} could follow")
    return sql.entry_of(row)


def _checked(fetch: _Fetch) -> _Fetch:
    """Let no error of asyncpg out."""

    async def run(query: str, *arguments: object) -> Mapping[str, Any] | None:
        try:
            return await fetch(query, *arguments)
        except FAULTS as error:
            failed = fault(error)
        raise failed

    return run


def _through_sqlalchemy(session: Session) -> _Fetch:
    from sqlalchemy import text  # noqa: PLC0415 - whoever has a session of it has it
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

    async def run(query: str, *arguments: object) -> Mapping[str, Any] | None:
        named = text(re.sub(r"\$(\d+)", r":a\1", query))
        try:
            result = await session.execute(named, {f"a{place}": value for place, value in enumerate(arguments, 1)})
            row: Mapping[str, Any] | None = result.mappings().first()
        except SQLAlchemyError as error:  # its words hold the arguments
            state = getattr(getattr(error, "orig", None), "sqlstate", None)
        else:
            return row
        raise JournalError(f"SQLAlchemy could not write the entry ({state or 'no SQLSTATE'})")

    return run
