"""``decide``: what a person has found out where the history cannot tell."""

from __future__ import annotations

import sys
from typing import Annotated

from cyclopts import Parameter

from wallet_async.cli.journal.options import DEFAULTS, JournalOptions, Options, Url, journal_url, writer
from wallet_async.cli.journal.reading import opened
from wallet_async.cli.journal.records import Record, record
from wallet_async.cli.journal.settle import Believed
from wallet_async.cli.running import run
from wallet_async.journal import Settling
from wallet_async.journal.deciding import Decision

_USUAL = Believed()


def decide(
    service: str,
    reference: str,
    url: Url = None,
    /,
    *,
    booked: Annotated[bool, Parameter(negative="--not-booked")],
    reason: str,
    believed: Annotated[Believed, Parameter(name="*")] = _USUAL,
    options: Options = DEFAULTS,
) -> None:
    """Write down whether a movement that is in doubt was booked, once a person has seen it at the provider.

    With --booked nothing is ever sent under its reference again. With --not-booked the next call under its reference
    looks once more in the history, and sends; it is refused as long as the provider may still book the request.

    Args:
        service: The provider, such as rehook.
        reference: The reference of a credit or debit that is in doubt; `show` prints the mark of its row.
        booked: Whether it was booked.
        reason: How the person knows it; it is kept with the entry.
    """
    decision = Decision(booked=booked, reason=reason)
    run(_decide(journal_url(url, options), service, reference, decision, believed.settling(), options))


async def _decide(
    url: str, service: str, reference: str, decision: Decision, settling: Settling, options: JournalOptions
) -> None:
    async with opened(url, settling) as journal:
        entry = await journal.decide(service, reference, booked=decision.booked, reason=decision.reason)
    writer(Record, options).single(record(Record, entry))
    if not decision.booked:
        print("nothing was sent: ask again under the same reference", file=sys.stderr)
