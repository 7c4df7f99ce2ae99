"""``prune``: what is given up on purpose."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from wallet_async.cli.commands import MOMENT
from wallet_async.cli.journal.options import DEFAULTS, JournalOptions, Options, Url, journal_url, writer
from wallet_async.cli.journal.reading import opened
from wallet_async.cli.running import run
from wallet_async.cli.sandbox import Flag
from wallet_async.engine.errors import InvalidInputError
from wallet_async.journal.pruning import LEAST_AGE, Pruned


def prune(
    url: Url = None,
    /,
    *,
    before: Annotated[datetime | None, MOMENT] = None,
    older_than: Annotated[int | None, Parameter(validator=Number(gte=LEAST_AGE.days, lte=36_500))] = None,
    dry_run: Flag = False,
    options: Options = DEFAULTS,
) -> None:
    """Take away what old entries say: personal data, and most of the bytes.

    Of what is booked the reference stays for ever, so that it is not booked again; movement and receipt go. What was
    refused, or proved not to be booked, is removed. Nothing that is open is touched.

    Args:
        before: Only entries last updated before this time, at least 30 days ago.
        older_than: The same in days, at least 30.
        dry_run: Only say how many.
    """
    if (before is None) == (older_than is None):
        raise InvalidInputError("say either --before or --older-than")
    moment = before or datetime.now(UTC) - timedelta(days=older_than or 0)
    run(_prune(journal_url(url, options), moment, options, dry_run=dry_run))


async def _prune(url: str, before: datetime, options: JournalOptions, *, dry_run: bool) -> None:
    async with opened(url) as journal:
        pruned = await journal.prune(before, dry_run=dry_run)
    writer(Pruned, options).single(pruned)
    if dry_run:
        print("nothing was changed", file=sys.stderr)
