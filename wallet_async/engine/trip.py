"""What is kept of one call while it is on its way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from attrs import define, field

from wallet_async.engine.calls import Call, MovementLike
from wallet_async.engine.transport import Evidence


@define
class Announcement:
    """What has to be written down before a call may leave; and how the call ended, for whoever wrote it."""

    make: Callable[[], Awaitable[None]]
    """Writes it. Awaited once, when nothing but this keeps the first byte back; what it raises ends the call unsent."""
    begun: bool = False
    """Whether `make` was called: from then on something may be written."""
    in_doubt: bool = False
    """Whether the call was cancelled after it had left."""


@define
class Trip:
    """One call on its way, from the first attempt to the end."""

    call: Call
    movement: MovementLike | None
    """The credit or debit behind it, if it is one."""
    begun: float
    """When it began, in seconds of the loop's clock, as the others."""
    deadline: float
    """When it has to have ended."""
    announcement: Announcement | None
    """What to write before it leaves, if anything."""
    attempt_begun: float
    """When the attempt under way began; of one that had to wait, when its turn came."""
    attempts: int = 0
    status: int | None = None
    """What the attempt under way was answered with, if it was."""
    phase: str = ""
    """What it waits for, as an error would say it."""
    credentials: Mapping[str, str] | None = None
    """What the attempt under way went out with."""
    evidence: Evidence = field(init=False)
    """Whether the attempt under way has left; a new one each attempt."""
    refreshable: bool = True
    """Whether a 401 may still be met with a new token."""

    @property
    def in_doubt(self) -> bool:
        """Whether to stop now would leave open if the call ran."""
        return self.evidence.sent and not self.call.repeatable

    @property
    def reference(self) -> str | None:
        """The reference of its movement, if it has one."""
        return self.movement.reference if self.movement else None
