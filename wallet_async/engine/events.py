"""What `on_event` is called with. Events carry no credential, body or personal data."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from wallet_async.engine.calls import MovementLike
from wallet_async.engine.errors import WalletError


@frozen(kw_only=True)
class AttemptEvent:
    """One request was made."""

    service: str
    operation: str
    attempt: int
    """1 for the first."""
    elapsed: float
    """Seconds from taking a slot to the whole answer."""
    status: int | None
    """The HTTP status, or None if no answer came."""
    error: WalletError | None
    """What went wrong, or None."""


@frozen(kw_only=True)
class RetryEvent:
    """A call will be sent again."""

    service: str
    operation: str
    attempt: int
    """The attempt that failed."""
    delay: float
    """Seconds until the next."""
    error: WalletError


@frozen(kw_only=True)
class ThrottledEvent:
    """The provider asked for fewer requests; the whole session pauses."""

    service: str
    operation: str
    delay: float
    """Seconds of the pause."""


@frozen(kw_only=True)
class OutcomeUnknownEvent:
    """A credit or debit left and its outcome is not known (also when the caller cancelled it)."""

    service: str
    operation: str
    movement: MovementLike | None
    """The credit or debit, or None for another call that must not run twice."""
    reference: str | None
    reason: str
    """What left the question open."""


@frozen(kw_only=True)
class DoubledEvent:
    """Two or more rows of a history carry the mark of one reference: it was booked more than once."""

    service: str
    reference: str
    transaction_ids: tuple[str, ...]
    """Oldest first."""


@frozen(kw_only=True)
class UnreadResultsEvent:
    """A bulk run was left early; these many results were finished but never read."""

    service: str
    done: int
    failed: int


@frozen(kw_only=True)
class DriftEvent:
    """Rows arrived while a history was read; it is complete all the same, each row once."""

    service: str
    operation: str
    requests: int
    """Pages read again, between which a row could have been lost. See `Pager` for what reading ahead costs besides."""
    recovered: int
    """Rows that only these readings found."""
    repeated: int
    """Rows that came more than once and were dropped."""


@frozen(kw_only=True)
class UnrecordedEvent:
    """A credit or debit has ended, and the journal could not write down how; it is settled from the history later."""

    service: str
    reference: str
    state: str
    """What could not be written, such as ``"applied"``."""
    error: WalletError
    """What the journal said."""


@frozen(kw_only=True)
class SettledEvent:
    """A credit or debit was in doubt, and the provider's history has told."""

    service: str
    reference: str
    state: str
    """``"applied"``, or ``"not_applied"``: it was not booked, and the next call with its reference sends it again."""
    reason: str
    """How it is known."""


@frozen(kw_only=True)
class PersonNeededEvent:
    """A person has to look at a credit or debit.

    It is in doubt and the history cannot tell; or it is booked, and was taken back since, shows no more, or is not
    alone under its mark. Sent once for each reason.
    """

    service: str
    reference: str
    reason: str


@frozen(kw_only=True)
class RedeliveryEvent:
    """A consumer gave a message back to its broker: it is delivered again later."""

    service: str
    source: str
    event_id: str
    deliveries: int
    """How often it has been delivered."""
    delay: float
    """Seconds until it should come again."""
    error: WalletError
    """Why; it may have been booked if this is an `OutcomeUnknownError`."""


@frozen(kw_only=True)
class DeadLetterEvent:
    """A consumer gave a message up: nothing was booked for it, and a person has to look."""

    service: str
    source: str
    event_id: str
    deliveries: int
    """How often it has been delivered."""
    error: WalletError


Event = (
    AttemptEvent
    | RetryEvent
    | ThrottledEvent
    | OutcomeUnknownEvent
    | DoubledEvent
    | UnreadResultsEvent
    | DriftEvent
    | UnrecordedEvent
    | SettledEvent
    | PersonNeededEvent
    | RedeliveryEvent
    | DeadLetterEvent
)
OnEvent = Callable[[Event], None]
