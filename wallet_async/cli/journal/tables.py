"""``install``, ``upgrade``, ``check`` and ``sql``: the journal's tables."""

from __future__ import annotations

import sys

from attrs import evolve, frozen

from wallet_async.cli.journal.entries import STATES
from wallet_async.cli.journal.options import DEFAULTS, JournalOptions, Options, Url, journal_url, writer
from wallet_async.cli.journal.reading import opened, refuse
from wallet_async.cli.running import run
from wallet_async.cli.writers import put
from wallet_async.journal import schema
from wallet_async.journal.address import parts
from wallet_async.journal.migrations import Dialect, Migration, load


@frozen(kw_only=True)
class Step:
    """A migration that was applied."""

    number: int
    name: str


@frozen(kw_only=True)
class Health:
    """How a journal is; the counts are None where it could not be opened."""

    dialect: str
    version: int
    """Of its tables; 0 where there are none."""
    pending: int
    """Migrations it lacks."""
    restored: bool | None = None
    """Whether entries may be missing, since it was put back from a backup, or copied."""
    prepared: int | None = None
    sending: int | None = None
    applied: int | None = None
    refused: int | None = None
    in_doubt: int | None = None
    not_applied: int | None = None


def install(url: Url = None, /, *, options: Options = DEFAULTS) -> None:
    """Make the journal, or bring it up to date; where it is already, nothing happens.

    A file is made for its owner alone. In PostgreSQL the tables stand in a schema `wallet_async` of their own.
    """
    _tell(run(schema.install(journal_url(url, options))), options)


def upgrade(url: Url = None, /, *, options: Options = DEFAULTS) -> None:
    """Bring a journal that is there up to date with this release."""
    _tell(run(schema.upgrade(journal_url(url, options))), options)


def _tell(applied: tuple[Migration, ...], options: JournalOptions) -> None:
    out = writer(Step, options)
    for step in applied:
        out.row(Step(number=step.number, name=step.name))
    out.end()
    if not applied:
        print("nothing to do: the journal is up to date", file=sys.stderr)


def check(url: Url = None, /, *, options: Options = DEFAULTS) -> None:
    """Open the journal and say how it is: version, pending migrations, entries by state.

    Exit code 1 if it cannot be used. A file is read through for damage.
    """
    run(_check(journal_url(url, options), options))


async def _check(url: str, options: JournalOptions) -> None:
    dialect, _ = parts(url)
    lacks = await schema.pending(url)
    out = writer(Health, options)
    health = Health(dialect=dialect, version=len(load(dialect)) - len(lacks), pending=len(lacks))
    if lacks:
        out.single(health)
        refuse(url, lacks)
    async with opened(url) as journal:
        counts = dict.fromkeys(STATES, 0)
        for (_, state), number in (await journal.count()).items():
            counts[state] += number
        out.single(evolve(health, restored=journal.restored, **counts))  # type: ignore[arg-type]
        if journal.restored:
            print(
                "warning: it was put back from a backup, or copied: entries may be missing, and every movement is "
                "looked up in the whole history before it is sent; "
                "`wallet-async journal accept-restored --help` says how that ends",
                file=sys.stderr,
            )


def sql(dialect: Dialect, /) -> None:
    """Print the migrations, for whoever applies them by hand.

    Args:
        dialect: Of which database.
    """
    for step in load(dialect):
        put(f"-- {step.number:04} {step.name}\n{step.sql.rstrip()}\n\n")
