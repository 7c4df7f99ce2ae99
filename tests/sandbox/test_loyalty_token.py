"""Credentials of the Sipay stand-in: the token endpoint, expiry, revocation, a fixed bearer."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from loyalty_async.sandbox import LoyaltyApi
from tests.sandbox.test_loyalty_api import INCREASE, movement, page_api, post
from tests.sandbox.wire import Response, call
from wallet_async.sandbox import Sandbox


async def token(sandbox: Sandbox[Any], **fields: str) -> Response:
    """Ask for a token."""
    form = {
        "grant_type": "client_credentials",
        "client_id": "id",
        "client_secret": "s3cret",
        "scope": "x",
    } | fields
    return await post(sandbox, "/connect/token", urlencode(form).encode())


async def test_client_credentials() -> None:
    """A token opens the calls until it expires or is revoked; the reply has the documented fields."""
    now = datetime(2025, 5, 1, tzinfo=UTC)
    api = page_api(client_id="id", client_secret="s3cret", expires_in=60, clock=lambda: now)
    async with Sandbox(api) as sandbox:
        reply = await token(sandbox)
        assert list(reply.json()) == ["access_token", "token_type", "expires_in", "scope"]
        bearer = {"Authorization": f"Bearer {reply.json()['access_token']}"}
        assert (await post(sandbox, INCREASE, movement())).status == 401
        assert (await post(sandbox, INCREASE, movement(), **bearer)).status == 200
        now += timedelta(seconds=60)
        assert (await post(sandbox, INCREASE, movement(), **bearer)).status == 401
        bearer = {"Authorization": f"Bearer {(await token(sandbox)).json()['access_token']}"}
        assert (await post(sandbox, INCREASE, movement(), **bearer)).status == 200
        sandbox.api.revoke_tokens()
        refused = await post(sandbox, INCREASE, movement(), **bearer)
        assert (refused.status, refused.headers["www-authenticate"][:6]) == (401, "Bearer")
        assert sandbox.observed.commits == 2


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_id": "é"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"scope": "y"}, "invalid_scope"),
    ],
)
async def test_a_token_is_refused(fields: dict[str, str], error: str) -> None:
    """A wrong client, grant or scope gets the error of RFC 6749."""
    async with Sandbox(LoyaltyApi(client_id="id", client_secret="s3cret", scope="x")) as sandbox:
        response = await token(sandbox, **fields)
        assert (response.status, response.json()) == (400, {"error": error})


async def test_a_fixed_bearer_and_unknown_paths() -> None:
    """A static token opens the calls; another method gets 405, another path 404."""
    async with Sandbox(page_api(bearer="fixed")) as sandbox:
        assert (await post(sandbox, INCREASE, movement(), Authorization="Bearer fixed")).status == 200
        assert (await post(sandbox, INCREASE, movement(), Authorization="Bearer other")).status == 401
        assert (await call(sandbox, "GET", INCREASE)).status == 405
        assert (await call(sandbox, "POST", "/v1/Wallet/Nothing")).status == 404
