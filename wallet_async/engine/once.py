"""How a session and a journal meet: neither imports the other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from attrs import define, frozen

from wallet_async.engine.report import Reporter
from wallet_async.engine.trip import Announcement

ReceiptT = TypeVar("ReceiptT")
ReceiptT_co = TypeVar("ReceiptT_co", covariant=True)

TAKEN_BACK = "it was booked, and the provider has taken it back since"
"""`Sight.odd` of a movement that was reversed: it was made once, and is never sent again."""


@frozen(kw_only=True)
class Sight(Generic[ReceiptT_co]):
    """What the provider's history, read to its end, shows of one movement."""

    receipt: ReceiptT_co | None = None
    """Made from its row, the oldest if there are several; None if there is none."""
    doubled: bool = False
    """Whether there are several; `DoubledEvent` has been sent then."""
    odd: str | None = None
    """What a person has to look at, as a sentence: a row that carries its mark and yet is not its own proves neither
    that it was booked nor that it was not. Beside a receipt, such as of one that was taken back since, it does not put
    the booking in doubt; `PersonNeededEvent` has been sent then."""
    behind: bool = False
    """Whether a later movement that has to show does not: this is an older state, and proves no absence."""


class Booked(Protocol[ReceiptT_co]):
    """Reads what the history shows of one movement."""

    def __call__(
        self, since: datetime | None, timeout: float, later: str | None = None, /
    ) -> Awaitable[Sight[ReceiptT_co]]:
        """Read it to its end, or raise a `WalletError`.

        Args:
            since: How far back; None for all of it.
            timeout: Seconds for each page.
            later: The reference of a later movement of the same wallet that is known to be booked.
        """


@frozen
class Books(Generic[ReceiptT]):
    """What a session hands over for one movement: how it is sent, and how the provider's history shows it."""

    kind: type[ReceiptT]
    """The class of its receipts."""
    move: Callable[[Announcement | None, float | None], Awaitable[ReceiptT]]
    """Sends it, within so many seconds (None: `Timeouts.total`); writes the announcement first, if there is one."""
    booked: Booked[ReceiptT]
    """Says what the history shows of it."""
    alike: Callable[[datetime, float], Awaitable[bool]]
    """Says whether the history shows since then a row of its wallet, kind and amount that carries no mark: where a
    provider drops marks, that may be its own. Seconds for each page."""


@define
class Tally:
    """What has become of a session's movements that were in doubt."""

    settled: int = 0
    """Those that the history has told of."""
    in_doubt: int = 0
    """Those of the provider that are in doubt now, in this process or another; as of the last sweep."""
    need_person: int = 0
    """Those among them that only a person can decide."""


class Once(Protocol):
    """Runs the movements of one session, each once for its reference, and settles what is in doubt."""

    tally: Tally

    def start(self) -> None:
        """Begin to settle what is in doubt, in a task of the running loop."""

    async def aclose(self) -> None:
        """End that task; movements under way go on."""

    async def receive(self, source: str, event_id: str, movement: Any, timeout: float) -> None:
        """Write down, once, that event *event_id* of *source* asks for *movement*; *timeout* in seconds."""

    async def run(self, movement: Any, timeout: float) -> Any:
        """Make *movement* and give its receipt; *timeout* in seconds, for everything."""


@frozen
class Booking:
    """What a session hands over to a consumer."""

    once: Once | None
    """None without a journal."""
    movement: type[Any]
    """The class of its credits and debits."""
    reporter: Reporter
    total: float
    """Seconds that one of them may take (`Timeouts.total`)."""


class Journal(Protocol):
    """What a session takes as ``journal=``."""

    def attach(self, reporter: Reporter, movement: type[Any], books: Callable[[Any], Books[Any]]) -> Once:
        """Make what runs the movements of one session.

        Args:
            reporter: The session's; its service is the one that references are unique in.
            movement: The class of its movements.
            books: Says of a movement how it is sent, and how the history shows it.
        """
