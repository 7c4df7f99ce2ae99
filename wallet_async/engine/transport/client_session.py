"""The transport through `aiohttp.ClientSession`, tuned, and shut against everything it would do on its own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import aiohttp
from yarl import URL

from wallet_async.engine.calls import Call, Reply
from wallet_async.engine.errors import WalletError
from wallet_async.engine.limits import Limits, Timeouts
from wallet_async.engine.transport import Evidence
from wallet_async.engine.transport.body import OneShotBody, read_body
from wallet_async.engine.transport.faults import HANDLED, translate

KEEP_ALIVE = 4.0
"""Seconds an idle connection is kept. Node's servers close after 5 (Rehook's errors read like Express); a write on a
connection that closes in that moment has an unknown outcome, so ours closes first."""

_ALWAYS = (("Accept", "application/json"), ("Accept-Encoding", "identity"))


class ClientSessionTransport:
    """Sends through a `aiohttp.ClientSession`, its own or the caller's (which is never closed)."""

    name = "aiohttp.ClientSession"

    def __init__(
        self, base_url: str, limits: Limits, timeouts: Timeouts, http: aiohttp.ClientSession | None = None
    ) -> None:
        self._base_url = base_url
        self._max_body = limits.max_body
        self._owned = http is None
        self._http = http or _own_session()
        self._compressed = not self._http.auto_decompress
        # A header that is the session's is cheaper than one that comes with each request.
        self._headers = () if http is None else _ALWAYS
        # No total: the sender's one timer bounds everything. aiohttp's own would cost a sixth of a request.
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=timeouts.connect)

    async def attempt(self, call: Call, credentials: Mapping[str, str], evidence: Evidence) -> Reply:
        """Send *call* once."""
        response: aiohttp.ClientResponse | None = None
        try:
            response = await self._http.request(
                call.method,
                URL((call.base_url or self._base_url) + call.target, encoded=True),
                data=None if call.body is None else OneShotBody(call.body, call.content_type, evidence),
                headers=[*self._headers, *credentials.items()] if self._headers else credentials,
                allow_redirects=False,
                raise_for_status=False,
                timeout=self._timeout,
            )
            body = await read_body(response, self._max_body, compressed=self._compressed)
            return Reply(response.status, response.headers, body)
        except HANDLED as error:
            fault = translate(error, sent=evidence.sent)
        except WalletError as error:
            fault = error
        except BaseException:
            if response is not None:
                response.close()
            raise
        if response is not None:
            response.close()
        # Raised outside the `except`, so that aiohttp's error, which holds the request's headers, is not its context.
        raise fault

    def connections(self) -> int:
        """Count the open connections."""
        connector = self._http.connector
        if connector is None:
            return 0
        idle = sum(map(len, connector._conns.values()))  # noqa: SLF001 - statistics only; no public count
        return idle + len(connector._acquired)  # noqa: SLF001 - as above

    async def aclose(self) -> None:
        """Close the session if it is ours, and wait until its sockets are closed."""
        if self._owned:
            await self._http.close()
            await asyncio.sleep(0)


def _own_session() -> aiohttp.ClientSession:
    http = aiohttp.ClientSession(
        # The gate bounds what is in flight, so the pool need not.
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        requote_redirect_url=False,
        # To send no User-Agent at all would cost aiohttp more than to send a short one.
        headers=[*_ALWAYS, ("User-Agent", "wallet-async")],
    )
    # aiohttp repeats a GET by itself when the connection breaks: six requests for three attempts, the repeats neither
    # paced nor counted. Repeating is `RetryPolicy`'s. (aiohttp's own test client turns it off in the same way.)
    http._retry_connection = False  # noqa: SLF001 - no public switch
    return http
