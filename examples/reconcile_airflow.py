"""An Airflow DAG that compares the ledger with Rehook's history each night.

Put it into the DAGs folder of Airflow 3, and install wallet-async[reconcile] where its workers run. It reads
``RECONCILE_LEDGER`` (a file, or a URL with ``RECONCILE_QUERY``), ``RECONCILE_FOLDER``, ``REHOOK_API_KEY`` and
``REHOOK_SECRET_KEY``.

If the provider is out of reach, or the worker is killed, the next try goes on where the last one was; the folder has to
be on a disk that all workers share. ``compare`` has done its work when both sides are compared; ``judge`` fails if they
differ, and is not tried again.
"""

import asyncio
import os
import shutil
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowFailException

from rehook_async import InvalidInputError, Limits, RehookSession
from wallet_async.reconcile import Result, Rules, open_ledger, reconcile

RATE = 20.0
"""Requests a second at most."""


@dag(schedule="30 2 * * *", start_date=datetime(2026, 1, 1, tzinfo=UTC), catchup=False, max_active_runs=1)
def wallet_async_reconcile() -> None:
    """Ledger against Rehook's history, up to the last midnight (UTC)."""

    @task(retries=5, retry_delay=timedelta(minutes=5))
    def compare(ds: str | None = None) -> dict[str, int]:
        folder = Path(os.environ["RECONCILE_FOLDER"])
        state = folder / f"state-{ds}"
        try:
            result = asyncio.run(compared(state, date.fromisoformat(str(ds))))
        except InvalidInputError as error:
            raise AirflowFailException(str(error)) from error  # no retry mends it
        summary = result.summary
        if summary.unread_wallets:
            raise ConnectionError(f"wallets that could not be read: {summary.unread_wallets}")
        result.report(folder / f"report-{ds}.html")
        result.write(folder / f"differences-{ds}.csv")
        shutil.rmtree(state)
        return {name: count for name, count in summary.differences.items() if count}

    @task
    def judge(differences: dict[str, int]) -> None:
        if differences:
            raise AirflowFailException(f"ledger and Rehook differ: {differences}")

    judge(compare())


async def compared(state: Path, day: date) -> Result:
    """Compare what was booked before *day* began (UTC)."""
    ledger = open_ledger(os.environ["RECONCILE_LEDGER"], query=os.environ.get("RECONCILE_QUERY"), environ=os.environ)
    async with RehookSession.from_env(limits=Limits(rate=RATE)) as rehook:
        return await reconcile(rehook, ledger, state=state, rules=Rules(until=datetime.combine(day, time(), UTC)))


wallet_async_reconcile()
