"""From an HTTP status and what the provider said to an error, and to whether the call certainly did not run.

RFC 9110 says of 401 alone that the request "has not been applied". For every other status only the provider's own error
envelope proves that the provider, and not something in front of it, answered (`reliability` matrix, rows 30-39).
"""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime

from attrs import frozen

from wallet_async.engine import redact
from wallet_async.engine.calls import Reply
from wallet_async.engine.errors import (
    AuthenticationError,
    DuplicateError,
    NotFoundError,
    RateLimitError,
    RefusedError,
    ResponseError,
    ServerError,
)
from wallet_async.engine.retry import parse_retry_after

_UNCERTAIN = frozenset({408, 423, 425, 499})
"""Time-outs and locks: whoever says so, the call may have run."""


@frozen(kw_only=True)
class Said:
    """A provider's own error envelope, in neutral words."""

    message: str
    code: str | None = None
    key: str | None = None
    details: tuple[str, ...] = ()
    request_id: str | None = None
    own: bool = True
    """False if another layer may have said it (a problem object, RFC 9457): then it does not prove that nothing ran."""


def response_error(reply: Reply, said: Said | None) -> ResponseError:
    """Make the error for an answer that is no success.

    Args:
        reply: The answer.
        said: The provider's envelope in it, or None if there is none that is known.
    """
    retry_after = parse_retry_after(reply.headers.get("Retry-After"), _date(reply))
    own = said is not None and said.own
    kind, not_applied = _classify(reply.status, known=own, throttled=retry_after is not None)
    return _make(kind, reply, said, retry_after=retry_after, not_applied=not_applied)


def refusal(reply: Reply, said: Said, kind: type[ResponseError] = RefusedError) -> ResponseError:
    """Make the error for a refusal in the provider's own words, which decide whatever the HTTP status is."""
    # That a reference is known says nothing of what became of the request that brought it.
    return _make(kind, reply, said, retry_after=None, not_applied=kind is not DuplicateError)


def _make(
    kind: type[ResponseError], reply: Reply, said: Said | None, *, retry_after: float | None, not_applied: bool
) -> ResponseError:
    error = kind(
        redact.printable(said.message) if said else _describe(reply),
        status=reply.status,
        code=said.code if said else None,
        key=said.key if said else None,
        details=said.details if said else (),
        excerpt=redact.excerpt(reply.body),
        retry_after=retry_after,
        not_applied=not_applied,
    )
    error.request_id = said.request_id if said else None
    return error


def _classify(status: int, *, known: bool, throttled: bool) -> tuple[type[ResponseError], bool]:
    if status == 401:
        return AuthenticationError, True
    if status == 403:
        return AuthenticationError, known
    if status == 404:
        return NotFoundError, known
    if status == 429:
        return RateLimitError, known or throttled
    if status >= 500:
        return ServerError, False
    if status < 200 or 300 <= status < 400 or status in _UNCERTAIN:
        return ResponseError, False
    return RefusedError, known


def _describe(reply: Reply) -> str:
    text = redact.excerpt(reply.body).strip()
    if 300 <= reply.status < 400:
        return f"answered {reply.status}, a redirect, which is never followed"
    return f"answered {reply.status} with " + (f"{text[:80]!r}" if text else "an empty body")


def _date(reply: Reply) -> datetime | None:
    """The server's own clock, so that a skewed one here does not bend a ``Retry-After`` date."""
    try:
        return parsedate_to_datetime(reply.headers.get("Date", ""))
    except (ValueError, OverflowError):
        return None
