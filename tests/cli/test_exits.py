"""The exit code and the one line, for every way a command can end."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

import pytest

from wallet_async.cli.exits import EXIT_CODES, CommandError, Exit, OutputError, error_line, exit_code
from wallet_async.engine import errors


def _unknown() -> errors.OutcomeUnknownError:
    reason = errors.DisconnectedError("the connection broke")
    return errors.OutcomeUnknownError("it may have run", reason=reason, movement=None, sent_at=datetime.now(UTC))


ENDS = [
    (errors.RefusedError("no", status=400), Exit.FAILED),
    (errors.NotFoundError("no such customer", status=404), Exit.FAILED),
    (errors.AuthenticationError("no", status=401), Exit.FAILED),
    (errors.RateLimitError("slow", status=429), Exit.FAILED),
    (errors.ServerError("broken", status=500), Exit.FAILED),
    (errors.DecodeError("odd"), Exit.FAILED),
    (errors.InvalidInputError("bad"), Exit.USAGE),
    (_unknown(), Exit.UNKNOWN),
    (errors.ConnectError("refused"), Exit.UNREACHED),
    (errors.RequestTimeoutError("late"), Exit.UNREACHED),
    (errors.DisconnectedError("cut"), Exit.UNREACHED),
    (CommandError("so", Exit.UNKNOWN), Exit.UNKNOWN),
    (OutputError("disk full"), Exit.UNWRITTEN),
    (OSError("port"), Exit.FAILED),
    (sqlite3.OperationalError("locked"), Exit.FAILED),
    (KeyboardInterrupt(), Exit.INTERRUPTED),
    (KeyError("x"), Exit.FAULT),
]


@pytest.mark.parametrize(("error", "code"), ENDS, ids=[type(error).__name__ for error, _ in ENDS])
def test_every_end_has_its_code_and_one_line(error: BaseException, code: Exit) -> None:
    """Whatever ends a command has a documented code, and is told in one line."""
    assert exit_code(error) is code
    assert "\n" not in error_line(error)
    assert str(int(code)) in EXIT_CODES


def test_every_error_of_the_family_is_told_apart_from_a_fault() -> None:
    """No error of the library counts as a fault of the program, not even one that is added later."""
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.WalletError)]
    assert len(kinds) > 10
    for kind in kinds:
        assert exit_code(kind.__new__(kind)) is not Exit.FAULT


def test_a_definite_failure_of_a_movement_says_that_nothing_was_booked() -> None:
    """Of a credit that certainly did not run it is said; of a read, and of an open outcome, it is not."""
    error = errors.ConnectError("refused")
    error.operation = "credit"
    assert "nothing was booked" in error_line(error)
    error.operation = "transactions"
    assert "nothing was booked" not in error_line(error)
    unknown = _unknown()
    unknown.operation = "credit"
    assert "nothing was booked" not in error_line(unknown)


def test_notes_follow_the_error() -> None:
    """Advice that was added where the command was known stands in the same line."""
    error = errors.InvalidInputError("KEY is not set")
    error.add_note("settings come from the environment")
    assert error_line(error) == "KEY is not set; settings come from the environment"


def test_a_text_from_the_provider_cannot_act_on_the_terminal() -> None:
    """Escape sequences and line breaks of an answer become blanks."""
    line = error_line(errors.RefusedError("no\x1b[2J\r\nerror: fine", status=400))
    assert "\x1b" not in line
    assert "\n" not in line
