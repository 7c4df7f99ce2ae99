"""How a command ends: its exit code, and the one line that says what went wrong and what to do next. Pure."""

from __future__ import annotations

import re
import sqlite3
from enum import IntEnum
from typing import get_args

from wallet_async.engine.calls import Kind
from wallet_async.engine.errors import (
    AuthenticationError,
    InvalidInputError,
    OutcomeUnknownError,
    RateLimitError,
    ServerError,
    TransportError,
    WalletError,
)
from wallet_async.engine.redact import MASK, printable

_PASSWORDS = re.compile(r"(://[^:/\s]*:)\S*(?=@)|([?&](?:ssl)?password=)[^&\s'\"]*", re.IGNORECASE)
"""Where a URL holds a password: before the last @, even if it was not %-encoded, or among its parameters."""


class Exit(IntEnum):
    """What the exit code tells; the numbers are part of the command line's promises."""

    OK = 0
    FAILED = 1
    """The provider said no, or another definite failure; the demo found a difference."""
    USAGE = 2
    """A mistake in the command, its input or its settings; nothing was sent."""
    UNKNOWN = 3
    """A credit or debit may or may not have been booked."""
    UNREACHED = 4
    """No connection, or no answer to something that may be repeated."""
    UNWRITTEN = 5
    """The work is done, its result could not be written."""
    FAULT = 70
    """A fault in this program (``EX_SOFTWARE`` of sysexits.h)."""
    INTERRUPTED = 130
    """Ctrl-C, with nothing left open."""
    PIPE = 141
    """Whoever read the output has gone (128 + SIGPIPE, as other programs end then)."""


EXIT_CODES = """\
Exit codes:
  0    done
  1    the provider said no, or another definite failure
  2    a mistake in the command, its input or its settings; nothing was sent
  3    a credit or debit may or may not have been booked
  4    no connection, or no answer; nothing was booked
  5    done, but the result could not be written
  70   a fault in this program
  130  interrupted with Ctrl-C (3 if a credit or debit had left)
  141  the reader of the output has gone"""


class CommandError(Exception):
    """What a command ends with that is no `WalletError`.

    Attributes:
        code: The exit code.
    """

    def __init__(self, message: str, code: Exit) -> None:
        super().__init__(message)
        self.code = code


class OutputError(Exception):
    """The result of a command could not be written."""


def exit_code(error: BaseException) -> Exit:
    """Say which exit code *error* stands for."""
    match error:
        case CommandError():
            return error.code
        case OutcomeUnknownError():
            return Exit.UNKNOWN
        case InvalidInputError():
            return Exit.USAGE
        case TransportError():
            return Exit.UNREACHED
        case OutputError():
            return Exit.UNWRITTEN
        case WalletError() | OSError() | sqlite3.Error():
            return Exit.FAILED
        case KeyboardInterrupt():
            return Exit.INTERRUPTED
    return Exit.FAULT


def error_line(error: BaseException) -> str:
    """Say in one line what went wrong and what to do next."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    if exit_code(error) is Exit.FAULT:
        text = f"unexpected {type(error).__name__}: {error}"
        return printable(f"{text}; this is a fault in wallet-async, --debug shows where")
    # The notes are advice that was added where more was known of the command.
    parts = [str(error) or type(error).__name__, *_advice(error), *getattr(error, "__notes__", ())]
    return printable("; ".join(parts))


def without_password(line: str) -> str:
    """Mask the passwords of URLs that stand in *line*."""
    return _PASSWORDS.sub(lambda found: f"{found[1] or found[2]}{MASK}", line)


def _advice(error: BaseException) -> list[str]:
    if not isinstance(error, WalletError) or isinstance(error, InvalidInputError | OutcomeUnknownError):
        return []
    advice = []
    if error.operation in get_args(Kind) and error.not_applied:
        advice.append("nothing was booked")
    if isinstance(error, AuthenticationError):
        advice.append("check the credentials in the environment or in --env-file")
    elif isinstance(error, RateLimitError):
        advice.append(f"try again in {error.retry_after or 60:.0f} s")
    elif isinstance(error, TransportError):
        advice.append("check the address and the network")
    elif isinstance(error, ServerError):
        advice.append("try again later")
    return advice
