"""What becomes of a message, and which error means what: decisions only, no I/O."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from wallet_async.engine.checks import at_least, positive, reject
from wallet_async.engine.errors import (
    AuthenticationError,
    InvalidInputError,
    RateLimitError,
    RefusedError,
    ResponseError,
    WalletError,
)


@frozen
class Ack:
    """It is booked, and the journal says so: acknowledge the message."""

    receipt: Any
    """The provider's receipt, the same one at every delivery; None if neither the journal nor the history has it."""


@frozen
class Retry:
    """Not yet: give the message back to the broker."""

    delay: float
    """Seconds until it should be delivered again."""
    error: WalletError
    """Why; `WalletError.not_applied` tells whether it may have been booked."""


@frozen
class DeadLetter:
    """No further delivery changes it: move the message to where a person looks, with the reason, and acknowledge it.

    Nothing was booked for it.
    """

    error: WalletError
    """The reason."""


Outcome = Ack | Retry | DeadLetter


def _not_less_than_delay(policy: Redelivery, _attribute: object, value: float) -> None:
    if value < policy.delay:
        raise reject("Redelivery.max_delay", value, f"at least Redelivery.delay ({policy.delay})")


@frozen(kw_only=True)
class Redelivery:
    """When a message comes again, and how often a refused one does.

    The first delay doubles with each delivery; the defaults give a refused debit an hour.
    """

    max_deliveries: int = field(default=20, validator=at_least(1))
    """How many deliveries a debit may be refused at, because its points may come with a later event. An unknown
    outcome, a provider that is away and a journal that is away do not count: an outage must not empty the stream into
    the dead letters."""
    delay: float = field(default=1.0, validator=positive)
    """Seconds until the second delivery."""
    max_delay: float = field(default=300.0, validator=[positive, _not_less_than_delay])
    """Seconds between two deliveries at most, unless the provider asks for more."""


def decide(error: WalletError, deliveries: int, policy: Redelivery) -> Retry | DeadLetter:
    """Say what becomes of a message whose movement ended in *error*.

    Args:
        error: What `Consumer.once` raised.
        deliveries: How often the message has been delivered, this time included.
        policy: When and how often it comes again.
    """
    if isinstance(error, InvalidInputError):
        return DeadLetter(error)
    if _refused(error) and not (_may_be_mended(error) and deliveries < policy.max_deliveries):
        return DeadLetter(error)
    delay = policy.delay * 2.0 ** min(max(deliveries - 1, 0), 60)
    asked = error.retry_after if isinstance(error, ResponseError) and error.retry_after else 0.0
    return Retry(max(min(delay, policy.max_delay), asked), error)


def _refused(error: WalletError) -> bool:
    """Whether the provider has judged the movement itself: certainly not booked, and not for want of access or time."""
    about_access = isinstance(error, AuthenticationError | RateLimitError)
    return isinstance(error, ResponseError) and error.not_applied and not about_access


def _may_be_mended(error: WalletError) -> bool:
    """Whether events that came out of order may be the cause: a debit that overtook the credit it lives on."""
    return isinstance(error, RefusedError) and error.operation == "debit"
