"""The tables of a journal, wherever it is: what they lack, and making them."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from wallet_async.journal.address import parts
from wallet_async.journal.migrations import Migration


async def pending(url: str) -> tuple[Migration, ...]:
    """Give the migrations that the journal lacks; all of them where there are no tables. Changes nothing.

    Raises:
        InvalidInputError: *url* names no journal.
        JournalError: It cannot be reached, there is no such file, or it is newer than this release.
    """
    schema, place = _schema(url)
    found: tuple[Migration, ...] = await schema.pending(place)
    return found


async def install(url: str) -> tuple[Migration, ...]:
    """Make the journal, or what is missing of it, and give what was applied.

    Raises:
        InvalidInputError: *url* names no journal.
        JournalError: It cannot be reached, refuses, or is newer than this release; nothing was changed.
    """
    schema, place = _schema(url)
    applied: tuple[Migration, ...] = await schema.install(place)
    return applied


async def upgrade(url: str) -> tuple[Migration, ...]:
    """Bring a journal that is there up to date, and give what was applied.

    Raises:
        InvalidInputError: *url* names no journal.
        JournalError: There is none, or as for `install`; nothing was changed.
    """
    schema, place = _schema(url)
    applied: tuple[Migration, ...] = await schema.upgrade(place)
    return applied


def _schema(url: str) -> tuple[ModuleType, str]:
    """Load what knows the tables there; only this one is needed, and PostgreSQL's driver is an extra."""
    dialect, place = parts(url)
    return import_module(f"wallet_async.journal.{dialect}.schema"), place
