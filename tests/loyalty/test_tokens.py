"""The token: fetched once for all, early enough, once more after a 401, and never in the way of a definite answer."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import define, frozen

from loyalty_async import AuthenticationError, BearerToken, ClientCredentials, ConnectError, LoyaltySession, RetryPolicy
from loyalty_async.sandbox import LoyaltyApi
from tests.kit import LOYALTY, CommitServer, behaviours, closed_port, for_writes, status
from tests.loyalty.common import WALLET, credit, session, stand_in
from wallet_async.engine.auth import Credentials, Fetch, TokenStore, read_token
from wallet_async.sandbox import Fault, Sandbox

CLIENT = {"client_id": "sandbox-client", "client_secret": "sandbox-client-secret"}


def credentials(url: str, **options: Any) -> ClientCredentials:
    """Make the credentials the stand-in knows."""
    return ClientCredentials(token_url=url, **CLIENT | options)


async def test_fifty_concurrent_calls_fetch_one_token() -> None:
    """The first call fetches, the others wait for it; each carries it."""
    await check_single_flight()


async def check_single_flight(
    start: Callable[[ClientCredentials, Callable[[], float]], Credentials] = TokenStore,
) -> None:
    @frozen
    class Started:
        config: ClientCredentials

        def start(self, clock: Callable[[], float]) -> Credentials:
            return start(self.config, clock)

    async with (
        Sandbox(stand_in(**CLIENT)) as sandbox,
        session(sandbox.url, auth=Started(credentials(sandbox.url))) as it,
    ):
        await asyncio.gather(*(credit(it, reference=f"order-{number}") for number in range(50)))
        assert sandbox.observed.commits == 50
        assert sandbox.observed.requests == {"token": 1, "credit": 50}


async def test_sabotage_a_store_without_a_lock_fetches_many_tokens() -> None:
    """The same check fails where each caller fetches for itself."""

    class Unlocked(TokenStore):
        async def refresh(self, fetch: Fetch) -> Mapping[str, str]:
            token, _ = read_token(await fetch(self._call()))
            return {"Authorization": f"Bearer {token}"}

    with pytest.raises(AssertionError):
        await check_single_flight(Unlocked)


@define
class _Time:
    """A clock for both sides, in seconds."""

    now: float = 0.0

    def seconds(self) -> float:
        return self.now

    def moment(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.now)


@frozen
class _Timed:
    """Credentials whose token ages by a clock of the test's."""

    config: ClientCredentials
    time: _Time

    def start(self, clock: Callable[[], float]) -> Credentials:
        return TokenStore(self.config, self.time.seconds)


async def check_early_expiry(margin: float) -> None:
    time = _Time()
    async with Sandbox(stand_in(**CLIENT, clock=time.moment)) as sandbox:
        auth = _Timed(credentials(sandbox.url, margin=margin), time)
        async with session(sandbox.url, auth=auth) as loyalty:
            for now, tokens in ((0.0, 1), (3539.0, 1), (3541.0, 2), (7080.0, 2), (7082.0, 3)):
                time.now = now
                await credit(loyalty, reference=f"at {now}")
                assert sandbox.observed.requests["token"] == tokens
        assert sandbox.observed.requests["credit"] == 5  # none was refused for its token


async def test_a_token_is_renewed_before_it_expires() -> None:
    """A token of 3600 s is used for 3540: no call meets the moment of its expiry."""
    await check_early_expiry(margin=60.0)


async def test_sabotage_without_a_margin_a_call_meets_the_expiry() -> None:
    """The same check fails where a token is used to its last second."""
    with pytest.raises(AssertionError):
        await check_early_expiry(margin=1e-3)


async def test_a_short_token_is_used_for_half_its_life() -> None:
    """A margin longer than the token's life does not mean a new token for each call."""
    time = _Time()
    async with Sandbox(stand_in(**CLIENT, clock=time.moment, expires_in=10)) as sandbox:
        async with session(sandbox.url, auth=_Timed(credentials(sandbox.url), time)) as loyalty:
            for now in (0.0, 4.9, 5.1):
                time.now = now
                await loyalty.wallet(WALLET)
        assert sandbox.observed.requests["token"] == 2


async def test_a_401_gets_one_new_token_and_one_more_attempt() -> None:
    """The 401 came before anything ran: the credit is sent again, with the same body, and booked once."""
    async with Sandbox(stand_in(**CLIENT)) as sandbox:
        async with session(sandbox.url, auth=credentials(sandbox.url)) as loyalty:
            await credit(loyalty, reference="first")
            sandbox.api.revoke_tokens()
            receipt = await credit(loyalty, reference="second")
        assert receipt.wallet.total_balance == 1050
        assert sandbox.observed.requests == {"token": 2, "credit": 3}
        assert [entry.reference for entry in sandbox.ledger.entries()] == ["first", "second"]


async def test_a_401_in_a_crowd_gets_one_new_token_for_all() -> None:
    """Fifty calls that are refused together fetch one token together."""
    async with Sandbox(stand_in(**CLIENT)) as sandbox:
        async with session(sandbox.url, auth=credentials(sandbox.url)) as loyalty:
            await loyalty.wallet(WALLET)
            sandbox.api.revoke_tokens()
            await asyncio.gather(*(credit(loyalty, reference=f"order-{number}") for number in range(50)))
        assert (sandbox.observed.requests["token"], sandbox.observed.commits) == (2, 50)


async def test_a_second_401_ends_it() -> None:
    """Two requests at most: the credentials are good and yet not accepted, and nothing was booked."""
    async with CommitServer(for_writes(status(401)), flavour=LOYALTY) as server:
        async with session(server.url, auth=credentials(server.url), retry=RetryPolicy(attempts=5)) as loyalty:
            with pytest.raises(AuthenticationError) as caught:
                await credit(loyalty)
        assert (caught.value.status, caught.value.not_applied, caught.value.attempts) == (401, True, 2)
        targets = [exchange.target.rpartition(b"/")[2] for exchange in server.seen]
        assert targets == [b"token", b"IncreaseLoyaltyBalance", b"token", b"IncreaseLoyaltyBalance"]


async def test_a_fixed_token_is_not_tried_twice() -> None:
    """There is no other one to be had."""
    async with Sandbox(stand_in(bearer="right")) as sandbox:
        async with session(sandbox.url, auth=BearerToken("wrong-token")) as loyalty:
            with pytest.raises(AuthenticationError):
                await credit(loyalty)
        assert sandbox.observed.requests == {"credit": 1}
        async with session(sandbox.url, auth=BearerToken("right")) as loyalty:
            await credit(loyalty)


async def test_without_credentials_no_header_is_sent() -> None:
    """The loyalty page names no authentication, so none is the default; a client key goes out beside a token."""
    async with CommitServer(behaviours.good(), flavour=LOYALTY) as server:
        for auth in (None, BearerToken("token"), BearerToken("token", client_key="key")):
            async with session(server.url, auth=auth) as loyalty:
                await credit(loyalty)
        headers = [(e.header("Authorization"), e.header("x-client-id")) for e in server.seen]
        assert headers == [(None, None), ("Bearer token", None), ("Bearer token", "key")]


async def test_the_token_request_is_that_of_the_page() -> None:
    """A form of three fields, and the scope only if it is given: the loyalty API's is not stated."""
    async with CommitServer(behaviours.good(), flavour=LOYALTY) as server:
        for scope in (None, "sts_business_api"):
            async with session(server.url, auth=credentials(server.url, scope=scope)) as loyalty:
                await credit(loyalty)
        form = b"grant_type=client_credentials&client_id=sandbox-client&client_secret=sandbox-client-secret"
        tokens = [exchange for exchange in server.seen if exchange.target == b"/connect/token"]
        assert [exchange.body for exchange in tokens] == [form, form + b"&scope=sts_business_api"]
        assert {exchange.header("Content-Type") for exchange in tokens} == {"application/x-www-form-urlencoded"}
        assert {exchange.header("Authorization") for exchange in tokens} == {None}


async def test_a_token_host_that_is_down_leaves_nothing_open() -> None:
    """The credit itself never left: a definite error, and the API saw no connection."""
    async with CommitServer(behaviours.good(), flavour=LOYALTY) as server:
        with closed_port() as port:
            auth = credentials(f"http://127.0.0.1:{port}")
            async with session(server.url, auth=auth) as loyalty:
                with pytest.raises(ConnectError) as caught:
                    await credit(loyalty)
        assert caught.value.not_applied
        assert server.connections == 0


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", operation="token", status=500),
        Fault("status", operation="token", status=429),
        Fault("close", operation="token"),
        Fault("garbage", operation="token"),
        Fault("truncate", operation="token"),
    ],
    ids=lambda fault: f"{fault.kind}{fault.status}",
)
async def test_whatever_the_token_host_does_the_credit_has_not_left(fault: Fault) -> None:
    """Every failure before the token is there is definite; the next call tries again."""
    async with Sandbox(stand_in(**CLIENT)) as sandbox:
        async with session(sandbox.url, auth=credentials(sandbox.url)) as loyalty:
            sandbox.faults.add(fault)
            with pytest.raises(Exception, match="loyalty credit") as caught:
                await credit(loyalty)
            assert caught.value.not_applied
            assert sandbox.observed.requests["credit"] == 0
            sandbox.faults.clear()
            await credit(loyalty)
        assert sandbox.observed.commits == 1


async def test_wrong_client_credentials_are_told_as_such() -> None:
    """The token host's refusal is an authentication failure of the call."""
    async with Sandbox(LoyaltyApi(**CLIENT)) as sandbox:
        auth = credentials(sandbox.url, client_secret="canary-wrong-secret")
        async with session(sandbox.url, auth=auth) as loyalty:
            with pytest.raises(AuthenticationError, match="the token host refused the client credentials") as caught:
                await credit(loyalty)
        assert caught.value.not_applied
        assert "canary" not in str(caught.value)
        assert sandbox.observed.requests == {"token": 1}


def test_an_auth_that_is_none_is_refused_without_showing_it() -> None:
    """A bare token in place of `BearerToken(token)` is a likely slip, and a secret."""
    with pytest.raises(Exception, match="auth must be a ClientCredentials, a BearerToken or None, not str") as caught:
        LoyaltySession("https://stsapiuat.walletgate.io", auth="canary-token")  # type: ignore[arg-type]
    assert "canary" not in str(caught.value)
