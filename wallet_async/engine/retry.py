"""May a call be sent again, and when? Pure decisions; `send` acts on them."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from attrs import field, frozen

from wallet_async.engine.checks import at_least, function, positive
from wallet_async.engine.errors import (
    AuthenticationError,
    ConnectError,
    DisconnectedError,
    RateLimitError,
    RequestTimeoutError,
    ResponseError,
    WalletError,
)

_MOST_DOUBLINGS = 64
"""More would overflow a float; `wait_max` bounds the wait long before."""

_PASSING = frozenset({408, 425, 502, 503, 504})
"""Statuses that say "not now" rather than "no"."""


@frozen(kw_only=True)
class RetryPolicy:
    """How often and how fast to repeat what may be repeated.

    Reads are repeated after a lost connection, a time-out, 408, 425, 429, 502, 503 and 504. A credit or debit is
    repeated only when it certainly did not run.
    """

    attempts: int = field(default=3, validator=at_least(1))
    """Requests for one call, the first included."""
    wait_initial: float = field(default=0.1, validator=positive)
    """Seconds; the longest wait before the second attempt, doubled for each further one."""
    wait_max: float = field(default=5.0, validator=positive)
    """Seconds; no wait of our own choosing is longer."""
    retry_after_max: float = field(default=60.0, validator=positive)
    """Seconds; a provider that asks for a longer wait gets none: the error is raised."""
    budget: float = field(default=0.1, validator=positive)
    """Retries as a share of calls: in an outage, traffic grows by no more than this."""
    jitter: Callable[[], float] = field(default=random.random, repr=False, validator=function)
    """Gives the random part of a wait, 0 <= jitter < 1; a test passes ``Random(7).random``."""


@frozen
class Retry:
    """Send again after *delay* seconds."""

    delay: float
    budgeted: bool
    """False if the provider itself asked for the repetition (429 with Retry-After)."""


@frozen
class Refresh:
    """Get a new token and send again at once."""


@frozen
class GiveUp:
    """Do not send again."""

    reason: str


def decide(
    error: WalletError,
    *,
    repeatable: bool,
    refreshable: bool,
    attempt: int,
    remaining: float,
    jitter: float,
    policy: RetryPolicy,
) -> Retry | Refresh | GiveUp:
    """Say what to do after attempt number *attempt* ended in *error*.

    Args:
        error: What went wrong; its `not_applied` says whether the call certainly did not run.
        repeatable: Whether the call may run twice without harm.
        refreshable: Whether a new token can be had and none was fetched for this call after a 401.
        attempt: Requests made so far.
        remaining: Seconds until the call's deadline.
        jitter: A random number, 0 <= jitter < 1.
        policy: The session's rules.
    """
    if refreshable and isinstance(error, AuthenticationError) and error.status == 401:
        return Refresh()
    if not (repeatable or error.not_applied):
        return GiveUp("it may have run")
    if not _may_pass(error):
        return GiveUp("repeating it cannot help")
    if attempt >= policy.attempts:
        return GiveUp("all attempts are used up")
    asked = error.retry_after if isinstance(error, ResponseError) else None
    if asked is not None and asked > policy.retry_after_max:
        return GiveUp(f"the provider asks to wait {asked:.0f} s")
    delay = asked if asked is not None else backoff(attempt, jitter, policy)
    if delay >= remaining:
        return GiveUp("the time is up before the next attempt")
    return Retry(delay, budgeted=asked is None or not isinstance(error, RateLimitError))


def _may_pass(error: WalletError) -> bool:
    if isinstance(error, ConnectError):
        return error.retryable
    if isinstance(error, DisconnectedError | RequestTimeoutError | RateLimitError):
        return True
    return isinstance(error, ResponseError) and error.status in _PASSING


def backoff(attempt: int, jitter: float, policy: RetryPolicy) -> float:
    """Seconds to wait after attempt number *attempt*: exponential, with full jitter."""
    return min(policy.wait_max, policy.wait_initial * 2.0 ** min(attempt - 1, _MOST_DOUBLINGS)) * jitter


def parse_retry_after(text: str | None, now: datetime | None) -> float | None:
    """Read a ``Retry-After`` header, seconds or an HTTP date (RFC 9110 10.2.3).

    Args:
        text: The header, or None if there is none.
        now: The answer's ``Date``, from which a date counts; None if it has none.

    Returns:
        Seconds, or None for a missing, negative, not finite or unreadable value.
    """
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = _until(text, now)
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _until(text: str, now: datetime | None) -> float:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return math.nan
    if now is None:
        return math.nan
    return (date.replace(tzinfo=date.tzinfo or UTC) - now.replace(tzinfo=now.tzinfo or UTC)).total_seconds()


class RetryBudget:
    """Keeps retries a bounded share of calls, so that an outage is not made worse."""

    def __init__(self, share: float, reserve: float = 10.0) -> None:
        self._share = share
        self._reserve = reserve
        self._balance = reserve

    def deposit(self) -> None:
        """Count one call."""
        if self._balance < self._reserve:
            self._balance += self._share

    def spend(self) -> bool:
        """Take one retry out; False if there is none left."""
        if self._balance < 1:
            return False
        self._balance -= 1
        return True
