"""One family of errors: every class pickles with all it carries, reads well, and says whether it may be asked again."""

from __future__ import annotations

import asyncio
import copy
import inspect
import logging
import pickle
from datetime import UTC, datetime
from typing import Any

import pytest

from rehook_async import Movement
from wallet_async.engine import errors, events
from wallet_async.engine.errors import (
    ConnectError,
    DecodeError,
    InvalidInputError,
    OutcomeUnknownError,
    RequestTimeoutError,
    ResponseError,
    ServerError,
    WalletError,
)
from wallet_async.engine.report import Reporter

MOVEMENT = Movement(kind="credit", source_id="krishna123", wallet_id="waty_A", points=20, reference="order-1847")
CLASSES = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, WalletError)]


def make(kind: type[WalletError]) -> WalletError:
    """Make an error of *kind* with everything it can carry."""
    if kind is OutcomeUnknownError:
        reason = ServerError("answered 502", status=502, excerpt="<html>")
        error: WalletError = OutcomeUnknownError(
            "it may or may not have been booked",
            reason=reason,
            movement=MOVEMENT,
            sent_at=datetime(2026, 3, 1, tzinfo=UTC),
        )
    elif issubclass(kind, ResponseError):
        error = kind(
            "no",
            status=422,
            code="311",
            key="points",
            details=("a", "b"),
            excerpt="{}",
            retry_after=7.5,
            not_applied=True,
        )
    elif kind is DecodeError:
        error = DecodeError("expected a number", path="$[3].points", excerpt="[{}]")
    elif kind is ConnectError:
        error = ConnectError("refused", retryable=False)
    else:
        error = kind("something went wrong", not_applied=True)
    error.service, error.operation = "rehook", "credit"
    error.attempts, error.elapsed = 3, 1.24
    error.request_id, error.reference = "req-1", "order-1847"
    return error


def carried(error: BaseException) -> dict[str, Any]:
    """Give what an error carries, errors inside it as what they carry."""
    inside = {
        name: carried(value) if isinstance(value, BaseException) else value for name, value in vars(error).items()
    }
    return inside | {"class": type(error), "args": error.args}


def check_pickles(error: BaseException) -> None:
    """Assert that *error* comes back from a pickle and from a copy with all it carries."""
    for again in (*(pickle.loads(pickle.dumps(error, level)) for level in range(2, 6)), copy.copy(error)):
        assert carried(again) == carried(error)
        assert str(again) == str(error)


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_pickles_with_its_context(kind: type[WalletError]) -> None:
    """An error crosses a process border whole."""
    error = make(kind)
    check_pickles(error)
    assert vars(error).keys() >= {"service", "operation", "attempts", "elapsed", "request_id", "reference"}


def test_the_usual_pickle_of_an_exception_would_fail() -> None:
    """Twin: without `__reduce__`, an error whose constructor wants more than a message cannot be unpickled."""

    class PlainError(ServerError):
        __reduce__ = Exception.__reduce__

    globals()["PlainError"] = PlainError
    PlainError.__qualname__ = "PlainError"
    error = PlainError("x", status=500)
    with pytest.raises((TypeError, AssertionError)):
        check_pickles(error)


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_reads_well(kind: type[WalletError]) -> None:
    """Who asked for what, what went wrong, the reference and the attempts, in one sentence."""
    error = make(kind)
    assert str(error) == (
        f"rehook credit: {error.message} (reference 'order-1847', request id req-1, 3 attempts in 1.2 s)"
    )
    assert (kind.__name__.endswith("Error"), bool(kind.__doc__)) == (True, True)


def test_an_error_without_context_is_its_message() -> None:
    """Before it is sent anywhere, an error is just its sentence."""
    assert str(InvalidInputError("points must be an int")) == "points must be an int"


def test_the_family() -> None:
    """The standard classes beside ours, and what certainly did not run."""
    assert issubclass(InvalidInputError, ValueError)
    assert issubclass(RequestTimeoutError, TimeoutError)
    assert issubclass(RequestTimeoutError, asyncio.TimeoutError)
    by_default = {kind.__name__ for kind in CLASSES if kind.not_applied}
    assert by_default == {"InvalidInputError", "SessionClosedError", "QueueFullError", "ConnectError"}
    assert len(CLASSES) == len({kind.__name__ for kind in CLASSES}) >= 17


EVENTS: dict[type, tuple[Any, int, str]] = {
    events.AttemptEvent: (
        events.AttemptEvent(service="s", operation="credit", attempt=1, elapsed=0.0123, status=200, error=None),
        logging.DEBUG,
        "credit: attempt 1 took 12 ms: status 200",
    ),
    events.RetryEvent: (
        events.RetryEvent(service="s", operation="wallets", attempt=1, delay=0.25, error=ConnectError("refused")),
        logging.INFO,
        "wallets: attempt 1 failed (refused); again in 0.25 s",
    ),
    events.ThrottledEvent: (
        events.ThrottledEvent(service="s", operation="wallets", delay=7.0),
        logging.INFO,
        "wallets: the provider asks to wait; the session pauses for 7.00 s",
    ),
    events.OutcomeUnknownEvent: (
        events.OutcomeUnknownEvent(service="s", operation="credit", movement=MOVEMENT, reference="o-1", reason="cut"),
        logging.WARNING,
        "credit: outcome unknown, reference 'o-1': cut",
    ),
    events.DoubledEvent: (
        events.DoubledEvent(service="s", reference="o-1", transaction_ids=("a", "b")),
        logging.ERROR,
        "reference 'o-1' was booked 2 times: a, b",
    ),
    events.UnreadResultsEvent: (
        events.UnreadResultsEvent(service="s", done=2, failed=1),
        logging.WARNING,
        "left early: 2 results and 1 failures were never read",
    ),
    events.DriftEvent: (
        events.DriftEvent(service="s", operation="transactions", requests=2, recovered=1, repeated=3),
        logging.INFO,
        "transactions: rows arrived while the history was read; 2 pages were read again, 1 rows found by that, "
        "3 repeats dropped",
    ),
    events.UnrecordedEvent: (
        events.UnrecordedEvent(service="s", reference="o-1", state="applied", error=ConnectError("the disk is full")),
        logging.WARNING,
        "reference 'o-1' is applied, and the journal has no record of it: the disk is full",
    ),
    events.SettledEvent: (
        events.SettledEvent(service="s", reference="o-1", state="applied", reason="the history shows it"),
        logging.INFO,
        "reference 'o-1' was in doubt and is applied: the history shows it",
    ),
    events.PersonNeededEvent: (
        events.PersonNeededEvent(service="s", reference="o-1", reason="a row carries its mark"),
        logging.ERROR,
        "reference 'o-1' needs a person: a row carries its mark",
    ),
    events.RedeliveryEvent: (
        events.RedeliveryEvent(
            service="s", source="orders", event_id="e-1", deliveries=3, delay=4.0, error=ConnectError("refused")
        ),
        logging.INFO,
        "event 'e-1' of 'orders' comes again in 4.0 s, delivery 3: refused",
    ),
    events.DeadLetterEvent: (
        events.DeadLetterEvent(
            service="s", source="orders", event_id="e-1", deliveries=3, error=ConnectError("refused")
        ),
        logging.ERROR,
        "event 'e-1' of 'orders' is given up, delivery 3: refused",
    ),
}


def test_every_event_has_its_sentence() -> None:
    """No event is added without a line in the log."""
    assert set(EVENTS) == set(events.Event.__args__)  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", EVENTS)
def test_an_event_is_logged_and_handed_over(kind: type, caplog: pytest.LogCaptureFixture) -> None:
    """The user's function gets the event itself, the provider's logger one sentence at its level."""
    event, level, sentence = EVENTS[kind]
    got: list[Any] = []
    with caplog.at_level(logging.DEBUG, "engine_tests_async"):
        Reporter("engine_tests", got.append).emit(event)
    assert got == [event]
    assert caplog.record_tuples == [("engine_tests_async", level, sentence)]
    with pytest.raises(AttributeError):
        event.service = "x"


def test_an_on_event_that_raises_breaks_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """A bug in the user's function is logged; the call goes on."""

    def broken(event: events.Event) -> None:
        raise ZeroDivisionError

    Reporter("engine_tests", broken).emit(EVENTS[events.ThrottledEvent][0])
    assert "on_event raised; the call goes on" in caplog.text
