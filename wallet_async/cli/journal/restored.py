"""``declare-restored`` and ``accept-restored``: that entries may be missing is said, and given up, on purpose."""

from __future__ import annotations

import sys

from wallet_async.cli.journal.options import DEFAULTS, Options, Url, journal_url
from wallet_async.cli.journal.reading import opened
from wallet_async.cli.running import run


def declare_restored(url: Url = None, /, *, options: Options = DEFAULTS) -> None:
    """Say that the journal was put back from a backup where that is not noticed: a PostgreSQL server, a whole disk.

    From then on every movement is looked up in the whole history before it is sent, by every process that uses the
    journal. Run it before the applications are started again. `accept-restored` ends it.
    """
    run(_declare_restored(journal_url(url, options)))


async def _declare_restored(url: str) -> None:
    async with opened(url) as journal:
        await journal.declare_restored()
    print("declared: from now on every movement is looked up in the history before it is sent", file=sys.stderr)


def accept_restored(url: Url = None, /, *, options: Options = DEFAULTS) -> None:
    """Take a journal that was put back from a backup, or copied, for a whole one from now on.

    What is given up: movements are no longer looked up in the history before they are sent, so one whose entry is
    missing is booked twice if it is asked for again. Settle with `resolve` before, and wait until nothing from between
    the backup and its return can be asked for again.
    """
    run(_accept_restored(journal_url(url, options)))


async def _accept_restored(url: str) -> None:
    async with opened(url) as journal:
        if not journal.restored:
            print("nothing to do: no entry is missing", file=sys.stderr)
            return
        await journal.accept_restored()
    print("accepted: from now on movements are sent without a look in the history", file=sys.stderr)
