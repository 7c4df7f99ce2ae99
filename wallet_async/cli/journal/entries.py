"""``list``, ``show`` and ``export``: what the journal holds."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, get_args

from attrs import evolve
from cyclopts import Parameter

from wallet_async.cli.exits import CommandError, Exit
from wallet_async.cli.journal.options import DEFAULTS, JournalOptions, Options, Url, journal_url, writer
from wallet_async.cli.journal.reading import opened
from wallet_async.cli.journal.records import Detail, Record, record
from wallet_async.cli.running import run
from wallet_async.journal.entry import State
from wallet_async.provider import load_providers

STATES: tuple[State, ...] = get_args(State)


def list_entries(
    url: Url = None,
    /,
    *,
    service: str | None = None,
    state: Annotated[list[State] | None, Parameter(negative="", consume_multiple=False)] = None,
    options: Options = DEFAULTS,
) -> None:
    """List the entries, in order of service and reference.

    Args:
        service: Only those of this provider, such as rehook.
        state: Only those in this state; may be given several times.
    """
    run(_list(journal_url(url, options), service, state or STATES, options))


def export(url: Url = None, /, *, options: Options = DEFAULTS) -> None:
    """Write every entry as one JSON object a line, with its movement and its receipt.

    Receipts may hold personal data.
    """
    run(_list(journal_url(url, options), None, STATES, evolve(options, json=True)))


async def _list(url: str, service: str | None, states: Sequence[State], options: JournalOptions) -> None:
    out = writer(Record, options)
    async with opened(url) as journal:
        try:
            async for entry in journal.entries(service, states):
                out.row(record(Record, entry))
        finally:  # of a damaged journal what can be read is shown before the error
            out.end()
    if not out.rows:
        print("no entries", file=sys.stderr)


def show(service: str, reference: str, url: Url = None, /, *, options: Options = DEFAULTS) -> None:
    """Show what the journal knows of one reference, and the mark that its row at the provider carries.

    --json shows its receipt, too.

    Args:
        service: The provider, such as rehook.
        reference: The reference of a credit or debit.
    """
    run(_show(journal_url(url, options), service, reference, options))


async def _show(url: str, service: str, reference: str, options: JournalOptions) -> None:
    async with opened(url) as journal:
        entry = await journal.entry(service, reference)
    if entry is None:
        raise CommandError(f"the journal knows no reference {reference!r} at {service!r}", Exit.FAILED)
    provider = load_providers().get(service)
    mark = provider and provider.mark(reference)
    writer(Detail, options).single(record(Detail, entry, mark=mark))
