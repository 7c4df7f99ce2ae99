"""`decide` is a pure rule: who may be sent again, and when."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallet_async.engine.errors import (
    AuthenticationError,
    ConnectError,
    DecodeError,
    DisconnectedError,
    DuplicateError,
    NotFoundError,
    QueueFullError,
    RateLimitError,
    RefusedError,
    RequestTimeoutError,
    ResponseError,
    ServerError,
    SessionClosedError,
    TransportError,
    WalletError,
)
from wallet_async.engine.retry import (
    GiveUp,
    Refresh,
    Retry,
    RetryBudget,
    RetryPolicy,
    backoff,
    decide,
    parse_retry_after,
)

POLICY = RetryPolicy(attempts=3, wait_initial=0.1, wait_max=5.0, retry_after_max=60.0)

Decide = Callable[..., Retry | Refresh | GiveUp]

PASSES: dict[str, tuple[WalletError, bool, bool]] = {
    # name: error, a read is sent again, a write is sent again
    "connect": (ConnectError("x"), True, True),
    "certificate": (ConnectError("x", retryable=False), False, False),
    "timeout": (RequestTimeoutError("x"), True, False),
    "timeout in line": (RequestTimeoutError("x", not_applied=True), True, True),
    "disconnected": (DisconnectedError("x"), True, False),
    "transport": (TransportError("x"), False, False),
    "decode": (DecodeError("x"), False, False),
    "refused": (RefusedError("x", status=400, not_applied=True), False, False),
    "refused by HTML": (RefusedError("x", status=400), False, False),
    "not found": (NotFoundError("x", status=404, not_applied=True), False, False),
    "duplicate": (DuplicateError("x", status=409), False, False),
    "401": (AuthenticationError("x", status=401, not_applied=True), False, False),
    "403": (AuthenticationError("x", status=403, not_applied=True), False, False),
    "429 of the provider": (RateLimitError("x", status=429, not_applied=True), True, True),
    "429 of somebody": (RateLimitError("x", status=429), True, False),
    "500": (ServerError("x", status=500), False, False),
    **{str(status): (ServerError("x", status=status), True, False) for status in (502, 503, 504)},
    **{str(status): (ResponseError("x", status=status), True, False) for status in (408, 425)},
    "423": (ResponseError("x", status=423), False, False),
    "302": (ResponseError("x", status=302), False, False),
    "queue full": (QueueFullError("x"), False, False),
    "closed": (SessionClosedError("x"), False, False),
}


def ask(error: WalletError, *, by: Decide = decide, **changes: Any) -> Retry | Refresh | GiveUp:
    """Ask for a decision about the first attempt of a read with 30 s left."""
    asked = {"repeatable": True, "refreshable": False, "attempt": 1, "remaining": 30.0, "jitter": 0.5, "policy": POLICY}
    return by(error, **asked | changes)


@pytest.mark.parametrize("name", PASSES)
def test_the_table_of_errors(name: str) -> None:
    """Each error class says whether a read and whether a write is sent again; the last attempt never is."""
    error, read, write = PASSES[name]
    assert isinstance(ask(error), Retry) is read
    assert isinstance(ask(error, repeatable=False), Retry) is write
    assert isinstance(ask(error, attempt=3), GiveUp)
    assert isinstance(ask(error, remaining=0.0), GiveUp)


ERRORS = st.sampled_from([error for error, _, _ in PASSES.values()])


def check_no_second_write(by: Decide) -> None:
    """Assert that no write that may have run is sent again, whatever else holds."""
    for error, _, _ in PASSES.values():
        for attempt in (1, 2):
            for retry_after in (None, 0.0, 1.0):
                if isinstance(error, ResponseError):
                    error.retry_after = retry_after
                step = ask(error, by=by, repeatable=False, attempt=attempt)
                assert isinstance(step, GiveUp) or error.not_applied
        if isinstance(error, ResponseError):
            error.retry_after = None


def test_a_write_that_may_have_run_is_never_sent_again() -> None:
    """Only `not_applied` lets a write go out again; a rule that looks at the class alone fails (twin)."""
    check_no_second_write(decide)

    def by_class(error: WalletError, **asked: Any) -> Retry | Refresh | GiveUp:
        return decide(error, **asked | {"repeatable": True})

    with pytest.raises(AssertionError):
        check_no_second_write(by_class)


@given(
    error=ERRORS,
    repeatable=st.booleans(),
    attempt=st.integers(1, 5000),
    remaining=st.floats(-1, 1000),
    jitter=st.floats(0, 1, exclude_max=True),
    attempts=st.integers(1, 5000),
)
def test_a_wait_is_in_bounds_and_ends_before_the_deadline(
    error: WalletError, repeatable: bool, attempt: int, remaining: float, jitter: float, attempts: int
) -> None:
    """A retry waits from 0 to `wait_max` seconds, less than is left, and never past the last attempt."""
    policy = RetryPolicy(attempts=attempts)
    step = ask(error, repeatable=repeatable, attempt=attempt, remaining=remaining, jitter=jitter, policy=policy)
    if isinstance(step, Retry):
        assert 0 <= step.delay < max(remaining, 0)
        assert step.delay <= min(policy.wait_max, policy.wait_initial * 2.0 ** min(attempt - 1, 60))
        assert attempt < attempts
        assert repeatable or error.not_applied
    else:
        assert isinstance(step, GiveUp)
        assert step.reason


def test_a_401_is_refreshed_once_and_nothing_else_is() -> None:
    """A new token helps after a 401 only, for reads and writes alike, and only while one can be had."""
    unauthorized = AuthenticationError("x", status=401, not_applied=True)
    assert ask(unauthorized, refreshable=True, repeatable=False) == Refresh()
    assert ask(unauthorized, refreshable=True, attempt=3) == Refresh()
    assert isinstance(ask(unauthorized, refreshable=False), GiveUp)
    assert isinstance(ask(AuthenticationError("x", status=403, not_applied=True), refreshable=True), GiveUp)
    assert isinstance(ask(RefusedError("x", status=400), refreshable=True), GiveUp)


def test_the_provider_says_when() -> None:
    """`retry_after` is the wait, to the second; longer than the cap or than the time left ends the call."""

    def limited(seconds: float) -> RateLimitError:
        return RateLimitError("x", status=429, retry_after=seconds, not_applied=True)

    assert ask(limited(7.0), repeatable=False) == Retry(7.0, budgeted=False)
    assert ask(limited(0.0)) == Retry(0.0, budgeted=False)
    assert ask(limited(61.0), remaining=1000.0) == GiveUp("the provider asks to wait 61 s")
    assert ask(limited(30.0), remaining=30.0) == GiveUp("the time is up before the next attempt")


def test_an_overloaded_server_does_not_suspend_the_budget() -> None:
    """503 with Retry-After: 0 is waited for as asked, and still counts as a retry of ours; only a 429 does not."""
    step = ask(ServerError("x", status=503, retry_after=0.0))
    assert step == Retry(0.0, budgeted=True)


def check_full_jitter(wait: Callable[[int, float, RetryPolicy], float]) -> None:
    """Assert that waits are spread over the whole of 0 to the bound."""
    random = Random(7)
    for attempt in range(1, 9):
        bound = min(POLICY.wait_max, POLICY.wait_initial * 2 ** (attempt - 1))
        waits = [wait(attempt, random.random(), POLICY) for _ in range(2000)]
        assert 0 <= min(waits) < 0.02 * bound
        assert 0.98 * bound < max(waits) < bound
        assert 0.45 * bound < sum(waits) / len(waits) < 0.55 * bound


def test_waits_have_full_jitter() -> None:
    """Callers that failed together come back spread out; equal jitter (half fixed) and none fail (twins)."""
    check_full_jitter(backoff)
    assert backoff(10_000, 0.5, POLICY) == 2.5  # doubling that often would overflow a float
    for broken in (
        lambda attempt, jitter, policy: backoff(attempt, 0.5 + jitter / 2, policy),
        lambda attempt, jitter, policy: backoff(attempt, 1.0, policy),
        lambda attempt, jitter, policy: policy.wait_initial * 2 ** (attempt - 1) * jitter,
    ):
        with pytest.raises(AssertionError):
            check_full_jitter(broken)


NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
RETRY_AFTER = {
    "missing": (None, None),
    "seconds": ("120", 120.0),
    "zero": ("0", 0.0),
    "fraction": ("0.5", 0.5),
    "blanks": (" 5 ", 5.0),
    "over the cap": ("86400", 86400.0),
    "negative": ("-1", None),
    "NaN": ("nan", None),
    "inf": ("inf", None),
    "overflow": ("1e999", None),
    "garbage": ("soon", None),
    "empty": ("", None),
    "two values": ("5, 10", None),
    "date": (format_datetime(NOW + timedelta(seconds=30), usegmt=True), 30.0),
    "date in another zone": ("Sun, 01 Mar 2026 15:00:30 +0300", 30.0),
    "date without zone": ("Sun, 01 Mar 2026 12:00:30", 30.0),
    "date in the past": ("Sun, 01 Mar 2026 11:59:00 GMT", None),
    "no such date": ("Sun, 99 Mar 2026 12:00:00 GMT", None),
    "zone beyond reason": ("Sun, 01 Mar 2026 12:00:00 +99999999999999999999", None),
}


@pytest.mark.parametrize("name", RETRY_AFTER)
def test_retry_after_in_seconds_or_as_a_date(name: str) -> None:
    """Both forms of RFC 9110 are read; what makes no sense counts as not said."""
    text, seconds = RETRY_AFTER[name]
    assert parse_retry_after(text, NOW) == seconds


def test_a_date_needs_the_servers_clock() -> None:
    """Without a `Date` of the answer, a date says nothing: the clock here may be wrong."""
    assert parse_retry_after("Sun, 01 Mar 2026 12:00:30 GMT", None) is None


@given(st.text(max_size=40) | st.text(alphabet="0123456789.-+eE:, GMTSunMar", max_size=40), st.none() | st.just(NOW))
def test_any_retry_after_gives_seconds_or_none(text: str, now: datetime | None) -> None:
    """No header breaks a call."""
    seconds = parse_retry_after(text, now)
    assert seconds is None or (seconds >= 0 and math.isfinite(seconds))


def traffic(calls: int, budget: Any) -> int:
    """Count the requests of *calls* reads while every one of them fails."""
    requests = 0
    for _ in range(calls):
        budget.deposit()
        requests += 1
        for _ in range(POLICY.attempts - 1):
            if not budget.spend():
                break
            requests += 1
    return requests


class Endless(RetryBudget):
    """A budget that never ends."""

    def spend(self) -> bool:
        return True


def check_outage(make: Callable[[float], Any], calls: int, share: float = 0.1) -> None:
    """Assert that an outage makes at most *share* more requests, and the reserve of 10."""
    assert traffic(calls, make(share)) <= (1 + share) * calls + 10 + 1


@given(st.integers(0, 3000), st.sampled_from([0.05, 0.1, 0.5]))
def test_an_outage_is_not_made_worse(calls: int, share: float) -> None:
    """Retries stay a tenth of the calls, whatever their number."""
    check_outage(RetryBudget, calls, share)


def test_without_a_budget_an_outage_triples_the_traffic() -> None:
    """Twin: three attempts for each call fail the same check."""
    with pytest.raises(AssertionError):
        check_outage(Endless, 1000)


def test_the_budget_fills_up_again_but_never_beyond_its_reserve() -> None:
    """A quiet year does not save up for a storm of retries."""
    budget = RetryBudget(0.1)
    for _ in range(10_000):
        budget.deposit()
    assert sum(budget.spend() for _ in range(100)) == 10
    for _ in range(15):
        budget.deposit()
    assert [budget.spend() for _ in range(2)] == [True, False]
