"""How a session and a journal meet: neither imports the other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from attrs import define, frozen

from wallet_async.engine.report import Reporter
from wallet_async.engine.trip import Announcement

ReceiptT = TypeVar("ReceiptT")


@frozen(kw_only=True)
class Sight(Generic[ReceiptT]):
    """What the provider's history, read to its end, shows of one movement."""

    receipt: ReceiptT | None = None
    """Made from its row, the oldest if there are several; None if there is none."""
    doubled: bool = False
    """Whether there are several; `DoubledEvent` has been sent then."""
    odd: str | None = None
    """What carries its mark and yet is not its row, as a sentence: it proves neither that it was booked nor that it was
    not."""


@frozen
class Books(Generic[ReceiptT]):
    """What a session hands over for one movement: how it is sent, and how the provider's history shows it."""

    kind: type[ReceiptT]
    """The class of its receipts."""
    move: Callable[[Announcement | None, float | None], Awaitable[ReceiptT]]
    """Sends it, within so many seconds (None: `Timeouts.total`); writes the announcement first, if there is one."""
    booked: Callable[[datetime | None, float], Awaitable[Sight[ReceiptT]]]
    """Says what the history shows of it since then (None: in all of it), or raises if it could not be read to its end;
    seconds for each page."""


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

    async def run(self, movement: Any, timeout: float) -> Any:
        """Make *movement* and give its receipt; *timeout* in seconds, for everything."""


class Journal(Protocol):
    """What a session takes as ``journal=``."""

    def attach(self, reporter: Reporter, movement: type[Any], books: Callable[[Any], Books[Any]]) -> Once:
        """Make what runs the movements of one session.

        Args:
            reporter: The session's; its service is the one that references are unique in.
            movement: The class of its movements.
            books: Says of a movement how it is sent, and how the history shows it.
        """
