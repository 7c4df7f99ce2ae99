"""Credentials: what a session is given (`Basic`, `BearerToken`, `ClientCredentials`) and what it makes of them."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol
from urllib.parse import urlencode

from attrs import field, frozen
from attrs.validators import optional

from wallet_async.engine import checks, codec, redact
from wallet_async.engine.calls import Call, Reply
from wallet_async.engine.errors import AuthenticationError, DecodeError, InvalidInputError, WalletError
from wallet_async.engine.statuses import response_error

_LONGEST_LIFE = 10**9
"""Seconds a token may live, some 30 years: more is a fault, and may be more than a float holds."""

Fetch = Callable[[Call], Awaitable[Reply]]


class Credentials(Protocol):
    """The running side of an `Auth`, one a session."""

    secrets: tuple[str, ...]
    """What must never be shown."""

    def current(self) -> Mapping[str, str] | None:
        """Give the headers to send now, or None if a token has to be fetched first."""

    async def refresh(self, fetch: Fetch) -> Mapping[str, str]:
        """Fetch a token, once for all callers that wait for it, and give the headers to send."""

    def reject(self, used: Mapping[str, str]) -> bool:
        """Take note of a 401 for *used*; True if a new token may help."""


class Auth(Protocol):
    """How a session proves who it is."""

    def start(self, clock: Callable[[], float]) -> Credentials:
        """Make the running side; *clock* gives monotonic seconds."""


class Fixed:
    """Credentials that never change."""

    def __init__(self, headers: Mapping[str, str], secrets: tuple[str, ...]) -> None:
        self._headers = headers
        self.secrets = secrets

    def current(self) -> Mapping[str, str]:
        """Give the headers."""
        return self._headers

    async def refresh(self, fetch: Fetch) -> Mapping[str, str]:  # noqa: ARG002 - the protocol's
        """Give the headers: there is nothing to fetch."""
        return self._headers

    def reject(self, used: Mapping[str, str]) -> bool:  # noqa: ARG002 - the protocol's
        """Say that a new token is not to be had."""
        return False


def _secret(instance: Any, attribute: Any, value: Any) -> None:
    # The value itself must not stand in the error, so `checks.plain` cannot be used as it is.
    if not isinstance(value, str) or not value or not value.isprintable() or not value.isascii():
        name = f"{type(instance).__name__}.{attribute.name}"
        raise InvalidInputError(
            f"{name} must be a non-empty str of printable ASCII, not {type(value).__name__} (value not shown)"
        )


def _user(instance: Any, attribute: Any, value: Any) -> None:
    _secret(instance, attribute, value)
    if ":" in str(value):  # RFC 7617 section 2
        raise InvalidInputError(f"{type(instance).__name__}.{attribute.name} must hold no colon (value not shown)")


def _token_host(instance: Any, attribute: Any, value: Any) -> None:
    checks.base_url(f"{type(instance).__name__}.{attribute.name}", value)


@frozen
class Anonymous:
    """No credentials: the loyalty page names none."""

    def start(self, clock: Callable[[], float]) -> Credentials:  # noqa: ARG002 - the protocol's
        """Make the running side."""
        return Fixed({}, ())


@frozen
class Basic:
    """HTTP Basic on every request, as Rehook's pages ask (user = API key, password = secret key)."""

    user: str = field(repr=False, validator=_user)
    password: str = field(repr=False, validator=_secret)

    def start(self, clock: Callable[[], float]) -> Credentials:  # noqa: ARG002 - the protocol's
        """Make the running side."""
        token = b64encode(f"{self.user}:{self.password}".encode()).decode()
        return Fixed({"Authorization": f"Basic {token}"}, (token, self.password, self.user))


@frozen
class BearerToken:
    """A token that was made elsewhere."""

    token: str = field(repr=False, validator=_secret)
    client_key: str | None = field(default=None, repr=False, kw_only=True, validator=optional(_secret))
    """Sent as ``x-client-id`` ("platform-specific client key", Sipay's overview page); None sends no such header."""

    def start(self, clock: Callable[[], float]) -> Credentials:  # noqa: ARG002 - the protocol's
        """Make the running side."""
        return Fixed(_bearer(self.token, self.client_key), (self.token, self.client_key or ""))


@frozen(kw_only=True)
class ClientCredentials:
    """OAuth2 client credentials (Sipay, ``POST /connect/token``, get-access-token page)."""

    token_url: str = field(validator=_token_host)
    """The token host's base URL, such as ``https://idsuat.walletgate.io``; production hosts are not published."""
    client_id: str = field(repr=False, validator=_secret)
    client_secret: str = field(repr=False, validator=_secret)
    scope: str | None = None
    """``sts_business_api`` for the business API; not stated for the loyalty API, so not sent unless given."""
    client_key: str | None = field(default=None, repr=False, validator=optional(_secret))
    """Sent as ``x-client-id``; None sends no such header."""
    margin: float = field(default=60.0, validator=checks.positive)
    """Seconds before its expiry that a token is no longer used (at most half its life)."""

    def start(self, clock: Callable[[], float]) -> Credentials:
        """Make the running side."""
        return TokenStore(self, clock)


class TokenStore:
    """Holds one token and fetches the next: one request at a time, early enough, for all callers."""

    def __init__(self, config: ClientCredentials, clock: Callable[[], float]) -> None:
        self._config = config
        self._clock = clock
        self._headers: Mapping[str, str] | None = None
        self._good_until = 0.0
        self._lock = asyncio.Lock()
        self._fetches = 0
        self._failure: WalletError | None = None
        self.secrets: tuple[str, ...] = self._with(None)

    def _with(self, token: str | None) -> tuple[str, ...]:
        config = self._config
        return tuple(filter(None, (token, config.client_secret, config.client_id, config.client_key)))

    def current(self) -> Mapping[str, str] | None:
        """Give the token's header while it is good."""
        return self._headers if self._clock() < self._good_until else None

    def reject(self, used: Mapping[str, str]) -> bool:
        """Drop the token that was refused, unless another caller has replaced it already."""
        if used is self._headers:
            self._headers, self._good_until = None, 0.0
        return True

    async def refresh(self, fetch: Fetch) -> Mapping[str, str]:
        """Fetch a token, or take the one (or the failure) that another caller fetched meanwhile.

        A lock and no shared task: a caller that is cancelled while fetching leaves the work to the next in line.
        """
        seen = self._fetches
        async with self._lock:
            if (headers := self.current()) is not None:
                return headers
            if self._fetches != seen and self._failure is not None:
                raise copy_of(self._failure)
            self._failure = None  # a caller that is cancelled while it fetches must not pass on an older failure
            try:
                token, life = read_token(await fetch(self._call()))
            except WalletError as error:
                self._failure = error
                raise
            finally:
                self._fetches += 1
            self.secrets = self._with(token)
            self._headers = headers = _bearer(token, self._config.client_key)
            self._good_until = self._clock() + life - min(self._config.margin, life / 2)
            return headers

    def _call(self) -> Call:
        config = self._config
        form = {
            "grant_type": "client_credentials",
            "client_id": config.client_id,
            "client_secret": config.client_secret,
        }
        return Call(
            operation="token",
            method="POST",
            base_url=config.token_url.rstrip("/"),
            target="/connect/token",
            body=urlencode(form | ({"scope": config.scope} if config.scope else {})).encode(),
            content_type="application/x-www-form-urlencoded",
            repeatable=True,
        )


def _bearer(token: str, client_key: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} | ({"x-client-id": client_key} if client_key else {})


def copy_of(error: WalletError) -> WalletError:
    """Copy an error, so that two callers do not share one traceback and one context."""
    kind, arguments = error.__reduce__()
    return kind(*arguments)


def read_token(reply: Reply) -> tuple[str, float]:
    """Read the token host's answer: the token and its life in seconds.

    Raises:
        AuthenticationError: The client credentials were refused.
        ResponseError: The token host failed, or asks for fewer requests.
        DecodeError: The answer holds no usable token.
    """
    if reply.status in {400, 401, 403}:  # RFC 6749 5.2 answers a wrong client with 400 or 401
        raise AuthenticationError(
            "the token host refused the client credentials", status=reply.status, excerpt=redact.excerpt(reply.body)
        )
    if not 200 <= reply.status < 300:
        failure = response_error(reply, None)
        failure.args = (f"the token host {failure.message}",)
        raise failure
    found = codec.loads(reply.body)
    token = found.get("access_token") if isinstance(found, dict) else None
    life = found.get("expires_in", 3600) if isinstance(found, dict) else None
    if not isinstance(token, str) or not token.isprintable() or not token.isascii() or not token:
        raise DecodeError("the token host's answer holds no access_token", path="$.access_token")
    if type(life) is not int or not 0 < life <= _LONGEST_LIFE:
        raise DecodeError("the token host's answer holds no usable expires_in", path="$.expires_in")
    return token, float(life)
