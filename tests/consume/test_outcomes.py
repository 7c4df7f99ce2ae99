"""What becomes of a message, for every error there is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from attrs import evolve

from wallet_async.consume import DeadLetter, Redelivery, Retry, outcomes
from wallet_async.consume.outcomes import decide
from wallet_async.engine import errors
from wallet_async.engine.errors import WalletError
from wallet_async.journal import JournalError, JournalInUseError, ReferenceConflictError

POLICY = Redelivery(max_deliveries=5, delay=2.0, max_delay=60.0)
MANY = 10_000


def answered(
    kind: type[errors.ResponseError], operation: str = "debit", retry_after: float | None = None
) -> WalletError:
    """Make what a definite answer of the provider raises."""
    error = kind("no", status=400, not_applied=True, retry_after=retry_after)
    error.operation = operation
    return error


def unknown() -> WalletError:
    """Make an unknown outcome."""
    return errors.OutcomeUnknownError("?", reason=WalletError("lost"), movement=None, sent_at=datetime.now(UTC))


FOR_EVER = [
    unknown(),
    errors.DuplicateError("there is one", status=409, not_applied=False),
    JournalError("the disk is full"),
    JournalInUseError("another process has it"),
    errors.ConnectError("refused"),
    errors.ConnectError("no such certificate", retryable=False),
    errors.RequestTimeoutError("in the queue", not_applied=True),
    errors.QueueFullError("full"),
    errors.SessionClosedError("closed"),
    answered(errors.AuthenticationError),
    answered(errors.RateLimitError),
    errors.DisconnectedError("gone"),
    errors.ServerError("502", status=502),
    errors.DecodeError("what"),
    WalletError("one that is new"),
]
AT_ONCE = [
    errors.InvalidInputError("no points"),
    ReferenceConflictError("another movement"),
    answered(errors.NotFoundError),
    answered(errors.NotFoundError, "credit"),
    answered(errors.RefusedError, "credit"),
]


def name(error: WalletError) -> str:
    """Name a case."""
    return type(error).__name__


def check_again_for_ever(error: WalletError) -> None:
    """Whatever is not a definite end comes again, however often it has come."""
    for deliveries in (1, POLICY.max_deliveries, MANY):
        assert isinstance(decide(error, deliveries, POLICY), Retry)


@pytest.mark.parametrize("error", FOR_EVER, ids=name)
def test_what_may_be_booked_or_mended_comes_again(error: WalletError) -> None:
    """An unknown outcome, an outage, a full queue, refused credentials: never a dead letter."""
    check_again_for_ever(error)


def test_twin_an_unknown_outcome_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that takes every error for the provider's no gives up what may be booked."""
    monkeypatch.setattr(outcomes, "_refused", lambda _: True)
    for error in FOR_EVER:
        with pytest.raises(AssertionError):
            check_again_for_ever(error)


@pytest.mark.parametrize("error", AT_ONCE, ids=name)
def test_a_definite_end_is_a_dead_letter_at_once(error: WalletError) -> None:
    """Bad input, a conflict, a wallet that is not there, a refused credit: the same at every delivery."""
    assert decide(error, 1, POLICY) == DeadLetter(error)


def check_a_refused_debit(policy: Redelivery) -> None:
    """A refused debit comes again until it has been delivered as often as the policy says."""
    error = answered(errors.RefusedError)
    found = [type(decide(error, deliveries, policy)) for deliveries in range(1, 8)]
    assert found == [Retry] * 4 + [DeadLetter] * 3


def test_a_debit_that_overtook_its_credit_comes_again() -> None:
    """Not enough points may be a matter of order, so it is tried as often as the policy says, and then given up."""
    check_a_refused_debit(POLICY)


def test_twin_a_debit_that_never_gives_up() -> None:
    """A bound that is not looked at would keep it for ever."""
    with pytest.raises(AssertionError):
        check_a_refused_debit(evolve(POLICY, max_deliveries=MANY))


def test_the_delay_doubles_up_to_its_bound() -> None:
    """Seconds for one delivery after another; a number of any size makes no other."""
    error = JournalError("away")
    delays = [decide(error, deliveries, POLICY).delay for deliveries in (1, 2, 3, 4, 5, 6, 7, MANY, 0, -3)]
    assert delays == [2, 4, 8, 16, 32, 60, 60, 60, 2, 2]


def test_the_provider_may_ask_for_more() -> None:
    """What the provider asks to wait counts, also beyond the policy's own bound."""
    assert decide(answered(errors.RateLimitError, retry_after=90.0), 1, POLICY).delay == 90
    assert decide(answered(errors.RateLimitError, retry_after=0.5), 1, POLICY).delay == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [("max_deliveries", 0), ("max_deliveries", 1.0), ("delay", 0), ("delay", float("inf")), ("max_delay", 0.5)],
)
def test_a_policy_that_makes_no_sense_is_refused(name: str, value: float) -> None:
    """The error names the setting."""
    with pytest.raises(errors.InvalidInputError, match=name):
        Redelivery(**{name: value})
