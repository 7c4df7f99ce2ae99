"""The token endpoint of the Sipay stand-in, and the check of a bearer token."""

import hmac
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from urllib.parse import parse_qs

from wallet_async.sandbox.api import Answer, Request
from wallet_async.sandbox.jsontext import dumps


class TokenDesk:
    """Gives out tokens for client credentials and knows which still hold.

    The loyalty page names no authentication; with neither client nor bearer set, every request passes.
    """

    def __init__(
        self,
        *,
        client_id: str | None,
        client_secret: str | None,
        bearer: str | None,
        scope: str | None,
        expires_in: int,
        seed: int,
        clock: Callable[[], datetime],
    ) -> None:
        if (client_id is None) != (client_secret is None):
            raise ValueError("give client_id and client_secret together")
        if isinstance(expires_in, bool) or not isinstance(expires_in, int) or expires_in < 1:
            raise ValueError(f"expires_in must be an int of seconds above 0, got {expires_in!r}")
        self._client = None if client_id is None else (client_id, client_secret or "")
        self._bearer = bearer
        self._scope = scope
        self._expires_in = expires_in
        self._seed = seed
        self._granted = 0
        self._clock = clock
        self._tokens: dict[str, datetime] = {}

    def revoke(self) -> None:
        """Make every token given out so far invalid."""
        self._tokens.clear()

    def grant(self, request: Request) -> Answer:
        """Answer POST /connect/token; errors are those of RFC 6749, for the page shows none."""
        try:
            fields = parse_qs(request.body.decode("utf-8"), keep_blank_values=True, max_num_fields=20)
        except ValueError:
            fields = {}
        given = {name: values[-1] for name, values in fields.items()}
        if given.get("grant_type") != "client_credentials":
            return Answer(400, dumps({"error": "unsupported_grant_type"}))
        if not self._knows(given.get("client_id", ""), given.get("client_secret", "")):
            return Answer(400, dumps({"error": "invalid_client"}))
        scope = given.get("scope", "")
        if self._scope is not None and scope != self._scope:
            return Answer(400, dumps({"error": "invalid_scope"}))
        self._granted += 1
        token = sha256(f"token {self._seed} {self._granted}".encode()).hexdigest()
        self._tokens[token] = self._clock() + timedelta(seconds=self._expires_in)
        reply = {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": self._expires_in,
            "scope": scope,
        }
        return Answer(200, dumps(reply), headers={"Cache-Control": "no-store"})

    def refuse(self, request: Request) -> Answer | None:
        """Give the 401 for a request without a valid token, None if it may pass."""
        if self._client is None and self._bearer is None:
            return None
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._holds(token.strip()):
            return None
        # Invention: an empty 401, as ASP.NET's bearer check sends it, before anything runs.
        header = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        return Answer(401, b"", "text/plain; charset=utf-8", headers=header)

    def _knows(self, client_id: str, client_secret: str) -> bool:
        if self._client is None:
            return False
        # "&" over both, not "and": the time must not tell which of them was wrong.
        return _same(client_id, self._client[0]) & _same(client_secret, self._client[1])

    def _holds(self, token: str) -> bool:
        if self._bearer is not None and _same(token, self._bearer):
            return True
        until = self._tokens.get(token)
        return until is not None and self._clock() < until


def _same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode("utf-8", "replace"), right.encode())
