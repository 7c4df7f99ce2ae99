"""A Prefect flow that compares the ledger with Rehook's history each night.

``python examples/reconcile_prefect.py`` runs it once; with ``serve`` behind it, a Prefect server starts it each night.
It reads ``RECONCILE_LEDGER`` (a file, or a URL with ``RECONCILE_QUERY``), ``RECONCILE_FOLDER``, ``REHOOK_API_KEY`` and
``REHOOK_SECRET_KEY``.

If the provider is out of reach, or the process is killed, a retry or another run for the same day goes on where it was;
the folder has to be on a disk that all workers share. The flow has the differences by class and the place of the report
as its artifacts, and has failed if the two sides differ.
"""

import asyncio
import os
import shutil
import sys
from datetime import UTC, date, datetime, time
from pathlib import Path

from prefect import flow, task
from prefect.artifacts import acreate_link_artifact, acreate_table_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from rehook_async import Limits, RehookSession, TransportError
from wallet_async.reconcile import Rules, Summary, open_ledger, reconcile

RATE = 20.0
"""Requests a second at most."""


async def may_pass(_task: object, _run: object, state: State) -> bool:
    """Say whether a retry may mend what a run failed with."""
    return isinstance(await state.aresult(raise_on_failure=False), TransportError | ConnectionError)


@task(retries=5, retry_delay_seconds=300, retry_condition_fn=may_pass)
async def compare(day: date) -> Summary:
    """Compare what was booked before *day* began (UTC).

    Raises:
        InvalidInputError: The ledger cannot be read.
        TransportError: The provider is out of reach.
        ConnectionError: Some wallets could not be read.
    """
    folder = Path(os.environ["RECONCILE_FOLDER"])
    state, report = folder / f"state-{day}", folder / f"report-{day}.html"
    ledger = open_ledger(os.environ["RECONCILE_LEDGER"], query=os.environ.get("RECONCILE_QUERY"), environ=os.environ)
    rules = Rules(until=datetime.combine(day, time(), UTC))
    async with RehookSession.from_env(limits=Limits(rate=RATE)) as rehook:
        result = await reconcile(rehook, ledger, state=state, rules=rules)
    if result.summary.unread_wallets:
        raise ConnectionError(f"wallets that could not be read: {result.summary.unread_wallets}")
    result.report(report)
    result.write(folder / f"differences-{day}.csv")
    found = [{"class": name, "differences": count} for name, count in result.summary.differences.items() if count]
    await acreate_table_artifact(found, key="differences", description=f"Ledger against Rehook, before {day}")
    await acreate_link_artifact(report.resolve().as_uri(), link_text=report.name, key="report")
    shutil.rmtree(state)
    return result.summary


@flow(name="reconcile")
async def nightly(day: date | None = None) -> State:
    """Compare, and fail if the two sides differ."""
    summary = await compare(day or datetime.now(UTC).date())
    if summary.clean:
        return Completed(message="both sides agree")
    return Failed(message=f"differences: {sum(summary.differences.values())}")


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        nightly.serve(name="nightly", cron="30 2 * * *")
    else:
        sys.exit(not asyncio.run(nightly(return_state=True)).is_completed())
