"""Holds every claim of the client against what the provider really booked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from attrs import define

from tests.simulate.network import Provider, Sent
from tests.simulate.orders import Order, Progress
from wallet_async.engine.errors import InvalidInputError, SessionClosedError, WalletError
from wallet_async.engine.events import DoubledEvent, PersonNeededEvent, SettledEvent
from wallet_async.journal import JournalError


@define(eq=False)
class Asked:
    """One call for an order."""

    progress: Progress
    begun: float
    alone: bool
    """Whether nobody else was asking for the same order meanwhile."""
    sent: int
    """Requests that had left for it before."""


class Judge:
    """Takes down whatever is not as it was claimed."""

    def __init__(self, provider: Provider, orders: Sequence[Progress], *, beyond: bool) -> None:
        self.wrong: list[str] = []
        """Claims that are not true, and movements that are lost or doubled."""
        self.claims: Counter[str] = Counter()
        """What callers and listeners were told, by kind."""
        self.doubles_told: set[str] = set()
        self.persons: dict[str, str] = {}
        """Why a person was told to look, by reference."""
        self._provider = provider
        self._orders = {progress.order.reference: progress.order for progress in orders}
        self._beyond = beyond
        self._under_way: list[Asked] = []

    def asks(self, progress: Progress, now: float) -> Asked:
        """Note that a call begins."""
        others = [asked for asked in self._under_way if asked.progress is progress]
        for other in others:
            other.alone = False
        asked = Asked(progress, now, not others, len(self._sent(progress.order)))
        self._under_way.append(asked)
        return asked

    def ends(self, asked: Asked) -> None:
        """Note that it has ended, in whatever way."""
        self._under_way.remove(asked)

    def receipt(self, asked: Asked, receipt: Any) -> None:
        """Judge a receipt: it has to be booked."""
        order = asked.progress.order
        self.claims["receipt"] += 1
        rows = self._rows(order)
        if receipt.reference != order.reference or not rows:
            self._blame(order, f"lost: there is a receipt and no row: {receipt}")

    def unknown(self) -> None:
        """Count what claims nothing."""
        self.claims["unknown"] += 1

    def failed(self, asked: Asked, error: WalletError) -> None:
        """Judge a definite failure: nothing that has left before it may be booked, now or later."""
        order = asked.progress.order
        self.claims[type(error).__name__] += 1
        if not error.not_applied or (
            isinstance(error, InvalidInputError) and not isinstance(error, SessionClosedError)
        ):
            self._blame(order, f"an error that should not have come: {error!r}")
        sent = self._sent(order)
        if isinstance(error, JournalError | SessionClosedError) or "journal" in error.message:
            # It says of this call only that it sent nothing.
            if asked.alone and len(sent) > asked.sent:
                self._blame(order, f"sent, in spite of {error!r}")
        elif not self._beyond and any(one.open or one.booked for one in sent if asked.alone or one.at < asked.begun):
            self._blame(order, f"wrong: booked, in spite of {error!r}")

    def again(self, asked: Asked) -> None:
        """Judge a call for what is booked already: nothing may leave."""
        if len(self._sent(asked.progress.order)) > asked.sent:
            self._blame(asked.progress.order, "sent again after its receipt")

    def heard(self, event: Any) -> None:
        """Judge what a listener is told."""
        match event:
            case SettledEvent(reference=reference, state=state):
                self.claims[f"settled: {state}"] += 1
                if state == "applied" and not self._rows(self._orders[reference]):
                    self._blame(self._orders[reference], "settled as applied and not booked")
            case DoubledEvent(reference=reference):
                self.claims["doubled"] += 1
                self.doubles_told.add(reference)
            case PersonNeededEvent(reference=reference, reason=reason):
                self.claims["a person is needed"] += 1
                self.persons[reference] = reason

    def proved(self, reference: str) -> None:
        """Judge what the journal says from now on: of all that has left, nothing is booked or will be.

        Not when a listener is told: a process that stood still in between tells it when somebody may have sent again.
        """
        order = self._orders[reference]
        if not self._beyond and any(one.open or one.booked for one in self._sent(order)):
            self._blame(order, "proved absent and booked")

    def at_the_end(self, progress: Progress) -> None:
        """Judge an order when nothing is under way any more."""
        order, rows = progress.order, self._rows(progress.order)
        wanted = 1 if "applied" in progress.ends else 0
        if len(rows) < wanted:
            self._blame(order, "lost")
        if len(rows) > 1 and order.reference not in self.doubles_told:
            self._blame(order, f"booked {len(rows)} times, and nobody was told")
        if (
            len(rows) > wanted
            and not self._beyond
            and self._provider.side.key(order) not in self._provider.doubled_by_box
        ):
            self._blame(order, f"doubled: booked {len(rows)} times, wanted {wanted}: {progress.ends}")

    def _rows(self, order: Order) -> list[Any]:
        return self._provider.booked.get(self._provider.side.key(order), [])

    def _sent(self, order: Order) -> list[Sent]:
        return self._provider.sent.get(self._provider.side.key(order), [])

    def _blame(self, order: Order, what: str) -> None:
        self.wrong.append(f"{order.reference}: {what}")
