"""Credentials: what goes out, what is never shown, and one token for all callers."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import Callable
from typing import Any

import pytest

from wallet_async.engine.auth import Anonymous, Basic, BearerToken, ClientCredentials, TokenStore, copy_of, read_token
from wallet_async.engine.calls import Call, Reply
from wallet_async.engine.errors import (
    AuthenticationError,
    DecodeError,
    NotFoundError,
    RateLimitError,
    ResponseError,
    ServerError,
    WalletError,
)

from .virtual import run, turns

CONFIG = ClientCredentials(
    token_url="https://ids.example.com/",
    client_id="the-client",
    client_secret="hunter2/secret&",
    client_key="key-of-app",
)


class TokenHost:
    """Answers token calls with t1, t2, …, after *delay* seconds, or fails as told."""

    def __init__(self, delay: float = 1.0, life: int = 3600) -> None:
        self.delay = delay
        self.life = life
        self.calls: list[Call] = []
        self.answered = 0
        self.fail: WalletError | None = None

    async def __call__(self, call: Call) -> Reply:
        self.calls.append(call)
        number = len(self.calls)
        await asyncio.sleep(self.delay)
        self.answered += 1
        if self.fail is not None:
            raise self.fail
        return Reply(200, {}, b'{"access_token": "t%d", "expires_in": %d}' % (number, self.life))


def store(kind: type[TokenStore] = TokenStore, config: ClientCredentials = CONFIG) -> TokenStore:
    """Make a token store on the running loop's clock."""
    return kind(config, asyncio.get_running_loop().time)


def bearer(number: int) -> dict[str, str]:
    """Give the headers of the host's token *number*."""
    return {"Authorization": f"Bearer t{number}", "x-client-id": "key-of-app"}


@pytest.mark.parametrize("password", ["secret", "a:b:c", "p%20w\\'\" d"])
def test_basic_is_user_colon_password_in_base64(password: str) -> None:
    """The header is RFC 7617's, byte for byte."""
    credentials = Basic("api-key", password).start(lambda: 0.0)
    headers = credentials.current()
    assert headers is not None
    assert list(headers) == ["Authorization"]
    scheme, _, token = headers["Authorization"].partition(" ")
    assert scheme == "Basic"
    assert b64decode(token, validate=True) == f"api-key:{password}".encode()
    assert credentials.reject(headers) is False
    assert {token, password, "api-key"} <= set(credentials.secrets)


def test_fixed_credentials_have_nothing_to_refresh() -> None:
    """A bearer token goes out as it is, with the client key only if there is one; no credentials send nothing."""
    assert BearerToken("tok").start(lambda: 0.0).current() == {"Authorization": "Bearer tok"}
    with_key = BearerToken("tok", client_key="app").start(lambda: 0.0)
    assert with_key.current() == {"Authorization": "Bearer tok", "x-client-id": "app"}
    assert Anonymous().start(lambda: 0.0).current() == {}
    assert run(with_key.refresh(TokenHost())) == with_key.current()


@pytest.mark.parametrize(
    "auth", [Basic("the-client", "hunter2/secret&"), BearerToken("hunter2/secret&", client_key="key-of-app"), CONFIG]
)
def test_no_repr_shows_a_secret(auth: Any) -> None:
    """Neither the settings nor what runs on them, nor a token call, prints a credential."""
    shown = f"{auth!r} {auth} {auth.start(lambda: 0.0)!r}"
    for secret in ("hunter2", "the-client", "key-of-app"):
        assert secret not in shown


def test_a_token_call_is_a_form_that_may_be_repeated() -> None:
    """Client credentials go in the body, percent-encoded, to the token host; the scope only if it is set."""

    async def main() -> Call:
        host = TokenHost()
        await store().refresh(host)
        return host.calls[0]

    call = run(main())
    assert (call.method, call.base_url, call.target) == ("POST", "https://ids.example.com", "/connect/token")
    assert call.body == b"grant_type=client_credentials&client_id=the-client&client_secret=hunter2%2Fsecret%26"
    assert call.repeatable
    assert "hunter2" not in repr(call)


async def check_single_flight(kind: type[TokenStore]) -> None:
    """Assert that 50 callers cause one request and share its token."""
    host, tokens = TokenHost(), store(kind)
    assert tokens.current() is None
    found = await asyncio.gather(*(tokens.refresh(host) for _ in range(50)))
    assert len(host.calls) == 1
    assert found == [bearer(1)] * 50
    assert tokens.current() == bearer(1)
    assert "t1" in tokens.secrets


class EachForItself(TokenStore):
    """Twin: no lock."""

    async def refresh(self, fetch: Callable[[Call], Any]) -> Any:
        self._lock = asyncio.Lock()
        return await super().refresh(fetch)


def test_fifty_waiters_share_one_fetch() -> None:
    """One request at a time fetches for everybody; without the lock there are fifty (twin)."""
    run(check_single_flight(TokenStore))
    with pytest.raises(AssertionError):
        run(check_single_flight(EachForItself))


async def check_handover(kind: type[TokenStore], *, old_failure: bool) -> None:
    """Assert that the others get a token although the one who fetched was cancelled."""
    host, tokens = TokenHost(), store(kind)
    if old_failure:
        host.fail = ServerError("an hour ago", status=500)
        with pytest.raises(ServerError):
            await tokens.refresh(host)
        host.fail = None
        host.calls.clear()
    waiters = [asyncio.create_task(tokens.refresh(host)) for _ in range(5)]
    await turns()
    waiters[0].cancel()
    waiters[3].cancel()
    ends = await asyncio.gather(*waiters, return_exceptions=True)
    assert [type(end) for end in ends] == [asyncio.CancelledError, dict, dict, asyncio.CancelledError, dict]
    assert len(host.calls) == 2
    assert host.answered == 1 + old_failure


class RemembersFailures(TokenStore):
    """Twin: an older failure is still there when a fetch begins."""

    async def refresh(self, fetch: Callable[[Call], Any]) -> Any:
        old = self._failure

        async def remembering(call: Call) -> Reply:
            self._failure = old
            return await fetch(call)

        return await super().refresh(remembering)


class SharedTask(TokenStore):
    """Twin: all wait for the task of the first, and share its cancellation."""

    async def refresh(self, fetch: Callable[[Call], Any]) -> Any:
        if not hasattr(self, "task"):
            self.task = asyncio.ensure_future(super().refresh(fetch))
        return await self.task


def test_a_cancelled_fetcher_hands_over_to_the_next() -> None:
    """Cancellation is the caller's own affair: the next in line fetches, whatever failed before."""
    for old_failure in (False, True):
        run(check_handover(TokenStore, old_failure=old_failure))
    with pytest.raises(AssertionError):
        run(check_handover(RemembersFailures, old_failure=True))
    with pytest.raises(AssertionError):
        run(check_handover(SharedTask, old_failure=False))


def test_a_failure_is_shared_by_those_who_waited_and_by_nobody_else() -> None:
    """Fifty waiters learn of one failed request, each with an error of its own; the next caller tries anew."""

    async def main() -> None:
        host, tokens = TokenHost(), store()
        host.fail = ServerError("the token host failed with 500", status=500)
        ends = await asyncio.gather(*(tokens.refresh(host) for _ in range(50)), return_exceptions=True)
        assert len(host.calls) == 1
        assert {(type(end), str(end)) for end in ends} == {(ServerError, "the token host failed with 500")}
        assert len({id(end) for end in ends}) == 50
        host.fail = None
        assert await tokens.refresh(host) == bearer(2)

    run(main())


def test_a_copied_error_is_equal_and_apart() -> None:
    """A copy holds the same context, and changing one leaves the other."""
    error = ServerError("x", status=500)
    error.reference = "order-1"
    copy = copy_of(error)
    assert (type(copy), copy.args, vars(copy)) == (ServerError, error.args, vars(error))
    copy.reference = "order-2"
    assert error.reference == "order-1"


@pytest.mark.parametrize(("life", "good_for"), [(3600, 3540), (100, 50), (60, 30), (1, 0.5)])
def test_a_token_is_left_before_it_expires(life: int, good_for: float) -> None:
    """The margin is 60 s, at most half the token's life."""

    async def main() -> None:
        tokens = store()
        await tokens.refresh(TokenHost(life=life))
        await asyncio.sleep(good_for - 0.01)
        assert tokens.current() == bearer(1)
        await asyncio.sleep(0.02)
        assert tokens.current() is None

    run(main())


async def check_reject(kind: type[TokenStore]) -> None:
    """Assert that a late 401 for an old token leaves the new one in use."""
    host, tokens = TokenHost(), store(kind)
    old = await tokens.refresh(host)
    assert tokens.reject(old) is True
    assert tokens.current() is None
    new = await tokens.refresh(host)
    assert tokens.reject(old) is True
    assert tokens.current() is new


class DropsAny(TokenStore):
    """Twin: drops whatever token there is."""

    def reject(self, used: Any) -> bool:
        self._headers, self._good_until = None, 0.0
        return True


def test_a_401_drops_only_the_token_it_was_for() -> None:
    """Many calls fail with the same old token; only the first of them costs a refresh."""
    run(check_reject(TokenStore))
    with pytest.raises(AssertionError):
        run(check_reject(DropsAny))


NO_TOKENS: dict[str, tuple[int, bytes, type[WalletError]]] = {
    "500": (500, b"", ServerError),
    "503": (503, b"<html>", ServerError),
    **{str(status): (status, b'{"error": "invalid_client"}', AuthenticationError) for status in (400, 401, 403)},
    "404": (404, b"", NotFoundError),
    "429": (429, b"", RateLimitError),
    "302": (302, b"", ResponseError),
    "201 without a token": (201, b"{}", DecodeError),
    "empty": (200, b"", DecodeError),
    "HTML": (200, b"<html>", DecodeError),
    "list": (200, b'["t"]', DecodeError),
    "no token": (200, b'{"expires_in": 60}', DecodeError),
    "empty token": (200, b'{"access_token": ""}', DecodeError),
    "token is no text": (200, b'{"access_token": 5}', DecodeError),
    "token with a line break": (200, b'{"access_token": "a\\r\\nX: y"}', DecodeError),
    "token beyond ASCII": (200, '{"access_token": "ı"}'.encode(), DecodeError),
    **{
        f"expires_in {life[:12]!r}": (200, b'{"access_token": "t", "expires_in": ' + life + b"}", DecodeError)
        for life in (b"0", b"-1", b"true", b'"3600"', b"null", b"1.5", b"NaN", b"1" + b"0" * 400)
    },
}


@pytest.mark.parametrize("name", NO_TOKENS)
def test_an_answer_without_a_token_is_an_error_of_ours(name: str) -> None:
    """Whatever the token host says, it is a token or a WalletError of the right class."""
    status, body, kind = NO_TOKENS[name]
    with pytest.raises(WalletError) as caught:
        read_token(Reply(status, {}, body))
    assert type(caught.value) is kind


def test_a_token_comes_with_its_life() -> None:
    """The life is an hour unless the host says otherwise."""
    assert read_token(Reply(200, {}, b'{"access_token": "t", "expires_in": 60, "scope": "x"}')) == ("t", 60.0)
    assert read_token(Reply(200, {}, b'{"access_token": "t"}')) == ("t", 3600.0)
