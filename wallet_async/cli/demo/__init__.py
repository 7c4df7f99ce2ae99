"""``wallet-async demo``: a ledger through a provider that drops, delays and refuses, and back, to the last point."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from wallet_async.cli.sandbox import Flag

FAULTS = (
    "latency 1-10ms; close@before p=0.01; close@after p=0.01; reset@after p=0.01; truncate p=0.01; "
    "status 503 p=0.01; status@after 502 body=html p=0.01; status 429 retry-after=1s p=0.002 times=3; "
    "hang@after:credit nth=400"
)
"""Drops before and after the commit, delays, refusals, cut answers, a gateway's error page, and one silence."""

Count = Annotated[int, Parameter(validator=Number(gte=1))]


def demo(
    *,
    provider: str = "all",
    movements: Count = 3000,
    wallets: Count = 120,
    concurrency: Count = 50,
    seed: int = 7,
    ledger: Path | None = None,
    faults: str = FAULTS,
    debug: Flag = False,
) -> int:
    """Book a ledger at a stand-in provider that drops, delays and refuses; read it back; compare.

    The sandbox runs on a real TCP port, in a process of its own. Credits and debits go out under bounded concurrency.
    Those whose outcome is unknown are looked up in the history, and what certainly was not booked is sent again, until
    every movement is booked once. Then every history is read back, 20 rows a request, and compared row by row with the
    ledger and with the sandbox's own books. Exit code 0 if all agree, 1 if not.

    Args:
        provider: Whose stand-in: a provider's name, or all.
        movements: Credits and debits to make.
        wallets: Wallets they are spread over.
        concurrency: Requests under way at once.
        seed: Makes the ledger and the faults.
        ledger: CSV file to book instead of a made ledger: wallet,kind,amount and perhaps reference,description.
        faults: What goes wrong, as in `wallet-async sandbox --help`, but for late and lag: against a provider that
            books later than it answers no client is safe without a journal. With arrivals, rows come in that the
            ledger does not know, and the demo says so.
        debug: Log every attempt to the standard error, and show the traceback of an error.
    """
    from wallet_async.cli.demo.play import play

    return play(
        provider,
        movements=movements,
        wallets=wallets,
        concurrency=concurrency,
        seed=seed,
        path=ledger,
        faults=faults,
        debug=debug,
    )
