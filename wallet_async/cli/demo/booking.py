"""Books a ledger through faults: send, find out what is unknown, send again what certainly is not booked; in rounds.

What is sent again here, and why that is sound *here*. A movement that ended in a definite error did not run: that
holds for any provider. A movement whose outcome was unknown and that no history row shows is sent again too, and that
is **not** sound with a real provider: it may book late. It is sound with this sandbox because the sandbox can be
asked if it still works on anything (`SandboxProcess.quiet`). Once it does not, nothing of the round can be booked any
more, and absent means never. With the faults ``late`` and ``lag`` that would be untrue again, so the demo does not
take them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import Any

from attrs import define

from wallet_async.cli.demo.ledger import Ledger, Line
from wallet_async.cli.demo.screen import Screen
from wallet_async.engine.bulk import Done
from wallet_async.engine.errors import OutcomeUnknownError, WalletError
from wallet_async.provider import Provider

_DRY_ROUNDS = 8
"""Rounds in a row that change nothing before the demo gives up."""


@define
class Tally:
    """What happened on the way."""

    rounds: int = 0
    unknown: int = 0
    """Movements, counted each time, whose outcome was unknown."""
    booked_unknown: int = 0
    """Of these, the ones the history showed."""
    absent: int = 0
    """Of these, the ones the history did not show once the sandbox was quiet."""
    refused: int = 0
    """Movements, counted each time, that certainly did not run."""
    left: int = 0
    """Movements that could not be booked."""
    last: WalletError | None = None
    """The last answer that was no success."""


class Booking:
    """Books a ledger until every movement is booked once.

    Args:
        provider: Where.
        session: Its session, with the sandbox.
        ledger: What.
        keys: The provider's key of each of the ledger's wallets.
        quiet: Waits until the sandbox works on nothing.
        concurrency: Movements and settlements under way at once.
        screen: Shows how far it is.
    """

    def __init__(
        self,
        provider: Provider,
        session: Any,
        ledger: Ledger,
        keys: Mapping[str, Hashable],
        *,
        quiet: Callable[[], Awaitable[None]],
        concurrency: int,
        screen: Screen,
    ) -> None:
        self._provider = provider
        self._session = session
        self._keys = keys
        self._quiet = quiet
        self._concurrency = concurrency
        self._screen = screen
        # In the ledger's order, which `apply` keeps inside each wallet. A debit that a dropped credit has left without
        # points is refused, and comes again in the next round, behind that credit.
        self._open = {line.reference: line for line in ledger.lines}
        self._doubts: dict[str, OutcomeUnknownError] = {}
        self.tally: Tally = Tally()

    async def run(self) -> None:
        """Book everything; what is left after a few rounds that changed nothing stays unbooked."""
        dry = 0
        while self._open and dry < _DRY_ROUNDS:
            before = len(self._open)
            self.tally.rounds += 1
            await self._send()
            await self._quiet()
            await self._settle()
            dry = dry + 1 if len(self._open) == before else 0
        self.tally.left = len(self._open)

    async def _send(self) -> None:
        """Send what is open and not in doubt."""
        lines = [line for reference, line in self._open.items() if reference not in self._doubts]
        if not lines:
            return
        counts = {"booked": 0, "unknown": 0, "refused": 0}
        with self._screen.stage(f"round {self.tally.rounds}: send", len(lines)) as stage:
            run = self._provider.apply(self._session, map(self._movement, lines), concurrency=self._concurrency)
            async for result in run:
                reference = result.item.reference
                if isinstance(result, Done):
                    del self._open[reference]
                    counts["booked"] += 1
                elif isinstance(result.error, OutcomeUnknownError):
                    self._doubts[reference] = self.tally.last = result.error
                    counts["unknown"] += 1
                elif result.error.not_applied:
                    self.tally.last = result.error
                    counts["refused"] += 1
                else:
                    raise result.error
                stage.advance(counts)
        self.tally.unknown += counts["unknown"]
        self.tally.refused += counts["refused"]

    def _movement(self, line: Line) -> Any:
        return self._provider.movement(
            self._keys[line.wallet], line.kind, line.amount, description=line.description, reference=line.reference
        )

    async def _settle(self) -> None:
        """Look every doubt up; one that cannot be looked up stays a doubt, and is not sent again."""
        counts = {"booked": 0, "absent": 0, "still unknown": 0}
        slots = asyncio.Semaphore(self._concurrency)

        async def settle(reference: str, error: OutcomeUnknownError) -> None:
            async with slots:
                try:
                    booked = await self._provider.settle(self._session, error)
                except WalletError as fault:
                    self.tally.last = fault
                    counts["still unknown"] += 1
                else:
                    del self._doubts[reference]
                    counts["booked" if booked else "absent"] += 1
                    if booked:
                        del self._open[reference]
            stage.advance(counts)

        if not self._doubts:
            return
        with self._screen.stage("settle unknown", len(self._doubts)) as stage:
            async with asyncio.TaskGroup() as group:
                for doubt in list(self._doubts.items()):
                    group.create_task(settle(*doubt))
        self.tally.booked_unknown += counts["booked"]
        self.tally.absent += counts["absent"]
