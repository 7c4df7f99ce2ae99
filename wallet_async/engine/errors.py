"""One family for everything that can go wrong: catch `WalletError` and nothing else gets out.

The question that matters after a failed credit is whether it may have happened. Every error answers it in
`not_applied`: true means the provider certainly did not do what was asked, so it may be asked again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from wallet_async.engine.calls import MovementLike


class WalletError(Exception):
    """Base of every error this library raises.

    Attributes:
        service: The provider, such as ``"rehook"``.
        operation: What was asked for, such as ``"credit"``.
        attempts: How many requests left for this call.
        elapsed: Seconds since the call began.
        request_id: The provider's own id of the request, if it gave one.
        reference: The caller's reference of the movement, if there is one.
        not_applied: True if the provider certainly did not do what was asked.
    """

    not_applied: bool = False

    def __init__(self, message: str, *, not_applied: bool | None = None) -> None:
        super().__init__(message)
        self.service: str | None = None
        self.operation: str | None = None
        self.attempts: int = 0
        self.elapsed: float = 0.0
        self.request_id: str | None = None
        self.reference: str | None = None
        if not_applied is not None:
            self.not_applied = not_applied

    @property
    def message(self) -> str:
        """The sentence without the context that `str` puts around it."""
        return str(self.args[0])

    def __str__(self) -> str:
        subject = " ".join(part for part in (self.service, self.operation) if part)
        details = [f"reference {self.reference!r}"] if self.reference else []
        if self.request_id:
            details.append(f"request id {self.request_id}")
        if self.attempts > 1:
            details.append(f"{self.attempts} attempts in {self.elapsed:.1f} s")
        return (f"{subject}: " if subject else "") + self.message + (f" ({', '.join(details)})" if details else "")

    def __reduce__(self) -> tuple[Callable[..., WalletError], tuple[Any, ...]]:
        return _rebuild, (type(self), self.args, self.__dict__)


def _rebuild(kind: type[WalletError], args: tuple[Any, ...], state: dict[str, Any]) -> WalletError:
    """Make an error from its pickle without running a constructor that may want more arguments."""
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class InvalidInputError(WalletError, ValueError):
    """An argument was refused before anything was sent."""

    not_applied: bool = True


class SessionClosedError(WalletError):
    """The session is closed, or is used in another event loop or process than the one it was opened in."""

    not_applied: bool = True


class QueueFullError(WalletError):
    """The session's waiting line is full (`Limits.max_queued`); nothing was sent."""

    not_applied: bool = True


class TransportError(WalletError):
    """The network, not the provider, ended the call."""


class ConnectError(TransportError):
    """No connection was made, so nothing was sent.

    Attributes:
        retryable: False for what waiting cannot mend, such as a certificate that is not trusted.
    """

    not_applied: bool = True

    def __init__(self, message: str, *, retryable: bool = True) -> None:
        super().__init__(message)
        self.retryable = retryable


class RequestTimeoutError(TransportError, TimeoutError):
    """The time for the call (or for one attempt of it) ran out."""


class DisconnectedError(TransportError):
    """The connection broke before a whole answer had come."""


class DecodeError(WalletError):
    """An answer came that does not say what it should.

    Attributes:
        path: Where in the answer, such as ``$[3].points``.
        excerpt: The beginning of the answer, at most 256 characters, secrets taken out.
    """

    def __init__(self, message: str, *, path: str = "$", excerpt: str = "") -> None:
        super().__init__(message)
        self.path = path
        self.excerpt = excerpt


class ResponseError(WalletError):
    """The provider answered, and the answer was not a success.

    Attributes:
        status: The HTTP status.
        code: The provider's own code in the body, as text.
        key: The field the provider complains of (Rehook).
        details: What else the provider says, one item a line of it.
        excerpt: The beginning of the body, at most 256 characters, secrets taken out.
        retry_after: Seconds the provider asks to wait, or None.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int,
        code: str | None = None,
        key: str | None = None,
        details: tuple[str, ...] = (),
        excerpt: str = "",
        retry_after: float | None = None,
        not_applied: bool | None = None,
    ) -> None:
        super().__init__(message, not_applied=not_applied)
        self.status = status
        self.code = code
        self.key = key
        self.details = details
        self.excerpt = excerpt
        self.retry_after = retry_after


class RefusedError(ResponseError):
    """The provider understood and said no: a rule of the business or an argument it does not accept."""


class AuthenticationError(ResponseError):
    """The credentials were not accepted (401), or do not allow this (403)."""


class NotFoundError(ResponseError):
    """The customer, wallet or address does not exist at the provider."""


class DuplicateError(ResponseError):
    """The provider already has a request with this reference, and so took no further one.

    It ends the call, but proves nothing about the amount: the request it has may be an earlier one of the caller's, or
    this very one, delivered twice on its way. `not_applied` is therefore False: look it up with the session's ``find``,
    and never send the movement again under another reference before.
    """


class RateLimitError(ResponseError):
    """The provider asks for fewer requests (429)."""


class ServerError(ResponseError):
    """The provider, or something in front of it, failed (5xx)."""


class OutcomeUnknownError(WalletError):
    """A credit or debit left, and nothing that came back says whether it was booked.

    It was not sent again. Settle it with the session's ``settle(error)``, or look the wallet up by hand; until then
    it is neither done nor undone.

    Attributes:
        reason: The error or answer that left the question open.
        movement: The credit or debit, as it was asked for; None for another call that must not run twice.
        sent_at: When the call began, by this machine's clock, in UTC.
    """

    def __init__(self, message: str, *, reason: WalletError, movement: MovementLike | None, sent_at: datetime) -> None:
        super().__init__(message)
        self.reason = reason
        self.movement = movement
        self.sent_at = sent_at
