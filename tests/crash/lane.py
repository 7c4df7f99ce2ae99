"""One stand-in, and children that work against it one after another: killed, looked at, and made good again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any, Literal

import pytest

from tests.crash import child
from tests.crash.child import LATER, SETTLING, Clock, Job, Told, asked
from tests.faults.providers import Client
from wallet_async.engine.calls import Kind
from wallet_async.engine.errors import OutcomeUnknownError
from wallet_async.journal import Journal
from wallet_async.sandbox import Entry as Row
from wallet_async.sandbox import Fault, Sandbox

Where = Literal["before", "after"]
"""Of the booking."""

_FUNDS = 1_000_000  # enough for every debit
_numbers = count()


async def at_rest(sandbox: Sandbox[Any]) -> None:
    """Wait until all that clients have sent was booked or dropped, and they are gone."""
    assert sandbox._server is not None
    while sandbox._server.connections or sandbox.observed.in_flight:  # noqa: ASYNC110 - nothing sets an event then
        await asyncio.sleep(0.001)


class Lane:
    """One provider's stand-in with what is needed to break a child of it; several work side by side."""

    def __init__(self, client: Client, journal: Callable[[str], str]) -> None:
        self.client = client
        self.sandbox: Sandbox[Any] = Sandbox(client.sandbox())
        wallet = next(iter(self.sandbox.ledger._wallets))
        self.sandbox.ledger.append(wallet, "credit", _FUNDS, description="Opening")
        self._journal = journal
        self._jobs = 0

    def job(self, kind: Kind, mark: child.Mark, **more: Any) -> Job:
        """Make the next job: a reference that nobody has used."""
        reference = f"order-{next(_numbers)}"
        journal = self._journal(reference)
        self._jobs += 1
        return Job(
            client=self.client.name,
            kind=kind,
            url=self.sandbox.url,
            journal=journal,
            reference=reference,
            mark=mark,
            ahead=2 * self._jobs * LATER,
            **more,
        )

    def rows(self, job: Job) -> list[Row]:
        """Give the rows of the truth that are the job's movement."""
        return [row for row in self.sandbox.ledger.entries() if self.client.is_ours(row, job.reference)]

    async def lose(self, job: Job, where: Where) -> None:
        """Leave the job's movement in doubt, booked or not."""
        self.sandbox.faults.add(Fault("close", where=where, operation=job.kind, times=1))
        journal = await Journal.open(job.journal, settling=SETTLING)
        async with journal, self.client.session(self.sandbox.url, journal=journal) as session:
            with pytest.raises(OutcomeUnknownError):
                await self.client.write(session, job.kind, reference=job.reference, timeout=0.3)

    async def check(self, job: Job, said: Told | None) -> str:
        """Start again after a death, and compare with the truth.

        Args:
            job: What the dead child had to do.
            said: The receipt that it gave, if it came so far.

        Returns:
            What the death left.

        Raises:
            AssertionError: The movement is not booked exactly once, or a receipt is not true.
        """
        await at_rest(self.sandbox)
        booked = len(self.rows(job))
        async with await Journal.open(job.journal, settling=SETTLING) as journal:
            journal._clock = Clock(job.ahead + LATER)
            entry = await journal.entry(job.client, job.reference)
            state = entry.state if entry else "nothing"
            assert not booked or state not in {"nothing", "prepared"}, (
                f"{job.reference} is booked, and {state} is written"
            )
            async with self.client.session(self.sandbox.url, journal=journal) as session:
                receipt = await asked(self.client, session, job)
        self.compare(job, receipt)
        assert said in {None, receipt}, f"{said} was said, and now {receipt}"
        return f"{state}, {'booked' if booked else 'not booked'}"

    def compare(self, job: Job, receipt: Told) -> None:
        """Compare a receipt with the truth.

        Raises:
            AssertionError: The movement is not booked exactly once, or the receipt is not true.
        """
        rows = self.rows(job)
        assert len(rows) == 1, f"{job.reference} is booked {len(rows)} times"
        assert (rows[0].kind, receipt[:2]) == (job.kind, (job.reference, str(rows[0].amount)))
        assert receipt[2] in {None, rows[0].transaction_id}


def anew(folder: Path) -> Callable[[str], str]:
    """Give what names a journal in a file of its own for each job, and takes the one before away."""
    folder.mkdir()

    def journal(reference: str) -> str:
        for old in folder.iterdir():
            old.unlink()
        return f"sqlite:///{folder}/{reference}.db"

    return journal
