"""``wallet-async apply``: what `reconcile --fix` has planned. Its parts are loaded when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from wallet_async.cli.journal.options import DEFAULTS, Options, Url, journal_url
from wallet_async.cli.sandbox import Flag

_ABOVE = Number(gt=0)


def apply(  # noqa: D417 - what all commands take is explained once, in journal/options.py
    provider: str,
    plan: Path,
    /,
    *,
    journal: Url = None,
    yes: Flag = False,
    report: Path | None = None,
    concurrency: Annotated[int, Parameter(validator=Number(gte=1))] = 50,
    rate: Annotated[float | None, Parameter(validator=_ABOVE)] = None,
    timeout: Annotated[float, Parameter(validator=_ABOVE)] = 30.0,
    options: Options = DEFAULTS,
) -> None:
    """Book the movements of a plan at the provider, each once for its reference, after showing them and asking.

    Run it again after whatever has happened: what is booked is not sent again. With a journal that is not the one of
    earlier runs, or beside another machine that applies the same plan with a journal of its own, run `wallet-async
    journal declare-restored` on it before: every movement is then looked up in the whole history first.

    Lines for the own ledger are shown, and not done here. Exit code 1 if a movement was certainly not booked, 3 if one
    may or may not have been: `wallet-async journal resolve` finds out.

    Args:
        provider: Where, such as rehook; its credentials come from the environment or from --env-file.
        plan: What `wallet-async reconcile --fix` wrote. Rows that you do not want may be deleted before, not changed.
        journal: Where the references of your application stand.
        yes: Do not ask.
        report: CSV file for what became of each movement.
        concurrency: Movements under way at once.
        rate: Requests a second at most; left out, no bound.
        timeout: Seconds for a movement, waits included.
    """
    from wallet_async.cli.apply.work import Task, work

    work(
        Task(
            provider=provider,
            plan=plan,
            url=journal_url(journal, options),
            yes=yes,
            report=report,
            concurrency=concurrency,
            rate=rate,
            timeout=timeout,
            options=options,
        )
    )
