"""Credentials from the environment."""

from __future__ import annotations

from collections.abc import Mapping

from wallet_async.engine.auth import Auth, BearerToken, ClientCredentials
from wallet_async.engine.environment import required
from wallet_async.engine.errors import InvalidInputError

_CLIENT = ("LOYALTY_TOKEN_URL", "LOYALTY_CLIENT_ID", "LOYALTY_CLIENT_SECRET")


def auth_from(environ: Mapping[str, str]) -> Auth | None:
    """Make the credentials that *environ* holds, or None if it holds none.

    Raises:
        InvalidInputError: They are half there, or there twice; the error names the variables, never a value.
    """
    token, client_key = environ.get("LOYALTY_TOKEN"), environ.get("LOYALTY_CLIENT_KEY") or None
    given = [name for name in (*_CLIENT, "LOYALTY_SCOPE") if environ.get(name)]
    if token and given:
        raise InvalidInputError(
            f"the environment variables LOYALTY_TOKEN and {given[0]} are both set; unset one of them"
        )
    if token:
        return BearerToken(token, client_key=client_key)
    if given or client_key:
        values = [required(environ, name) for name in _CLIENT]
        return ClientCredentials(
            token_url=values[0],
            client_id=values[1],
            client_secret=values[2],
            scope=environ.get("LOYALTY_SCOPE") or None,
            client_key=client_key,
        )
    return None
