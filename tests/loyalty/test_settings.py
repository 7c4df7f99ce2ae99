"""Making a session: from the environment, with settings that fit and with some that do not."""

from typing import Any

import pytest

from loyalty_async import BearerToken, ClientCredentials, InvalidInputError, LoyaltySession, RetryPolicy
from loyalty_async.settings import auth_from

BASE = {"LOYALTY_BASE_URL": "https://stsapiuat.walletgate.io"}
CLIENT = {
    "LOYALTY_TOKEN_URL": "https://idsuat.walletgate.io",
    "LOYALTY_CLIENT_ID": "canary-id",
    "LOYALTY_CLIENT_SECRET": "canary-secret",
}


def test_the_environment_names_one_kind_of_credentials_or_none() -> None:
    """Nothing set is no authentication; scope and client key are optional; empty is the same as not set."""
    assert auth_from(BASE) is None
    assert auth_from(dict.fromkeys(CLIENT, "")) is None
    assert auth_from({"LOYALTY_TOKEN": "t"}) == BearerToken("t")
    assert auth_from({"LOYALTY_TOKEN": "t", "LOYALTY_CLIENT_KEY": "k"}) == BearerToken("t", client_key="k")
    full = ClientCredentials(
        token_url="https://idsuat.walletgate.io",
        client_id="canary-id",
        client_secret="canary-secret",
        scope="sts_business_api",
        client_key="k",
    )
    assert auth_from(CLIENT | {"LOYALTY_SCOPE": "sts_business_api", "LOYALTY_CLIENT_KEY": "k"}) == full


@pytest.mark.parametrize(
    ("environ", "complaint"),
    [
        ({}, "LOYALTY_BASE_URL is not set"),
        ({"LOYALTY_BASE_URL": ""}, "LOYALTY_BASE_URL is not set"),
        ({"LOYALTY_BASE_URL": "http://stsapiuat.walletgate.io"}, "base_url must be an https URL"),
        *((BASE | CLIENT | {name: ""}, f"{name} is not set") for name in CLIENT),
        (BASE | {"LOYALTY_SCOPE": "sts_business_api"}, "LOYALTY_TOKEN_URL is not set"),
        (BASE | {"LOYALTY_CLIENT_KEY": "canary-key"}, "LOYALTY_TOKEN_URL is not set"),
        (BASE | CLIENT | {"LOYALTY_TOKEN": "canary"}, "LOYALTY_TOKEN and LOYALTY_TOKEN_URL are both set"),
        (BASE | {"LOYALTY_TOKEN": "canary\n"}, "BearerToken.token must be"),
        (BASE | CLIENT | {"LOYALTY_TOKEN_URL": "idsuat.walletgate.io"}, "ClientCredentials.token_url must be"),
    ],
)
def test_half_set_variables_are_named(environ: dict[str, str], complaint: str) -> None:
    """The error names what is missing or set twice, and shows no secret."""
    with pytest.raises(InvalidInputError, match=complaint) as caught:
        LoyaltySession.from_env(environ)
    assert "canary" not in str(caught.value)


def test_options_win_over_the_environment() -> None:
    """What the caller passes is used, and needs no variable."""
    made = LoyaltySession.from_env(
        CLIENT, base_url="http://127.0.0.1:1", first_page_index=1, retry=RetryPolicy(attempts=2)
    )
    assert "127.0.0.1:1" in repr(made)
    assert "canary" not in repr(made) + repr(auth_from(CLIENT))
    LoyaltySession.from_env(BASE | CLIENT | {"LOYALTY_TOKEN": "t"}, auth=BearerToken("mine"))


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"base_url": ""}, "base_url must be a URL"),
        ({"base_url": None}, "base_url must be a str"),
        ({"base_url": "https://user:canary@host"}, "base_url must not hold a user or password"),
        ({"first_page_index": 2}, r"first_page_index must be 0 or 1, not 2 \(int\)"),
        ({"first_page_index": True}, r"first_page_index must be 0 or 1, not True \(bool\)"),
        ({"retry": 3}, "retry must be a RetryPolicy"),
        ({"http": "canary"[:0]}, "http must be an aiohttp.ClientSession"),
    ],
)
def test_a_setting_that_does_not_fit_fails_where_it_is_made(options: dict[str, Any], complaint: str) -> None:
    """Bad configuration is told at construction, by name."""
    with pytest.raises(InvalidInputError, match=complaint) as caught:
        LoyaltySession(**{"base_url": "https://stsapiuat.walletgate.io"} | options)
    assert "canary" not in str(caught.value)
