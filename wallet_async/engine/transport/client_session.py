"""The transport through `aiohttp.ClientSession`, tuned, and shut against everything it would do on its own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import aiohttp
from yarl import URL

from wallet_async.engine.calls import Call, Reply
from wallet_async.engine.errors import SessionClosedError, WalletError
from wallet_async.engine.limits import Limits, Timeouts
from wallet_async.engine.transport import Evidence, inside
from wallet_async.engine.transport.body import OneShotBody, read_body
from wallet_async.engine.transport.faults import HANDLED, translate

KEEP_ALIVE = 4.0
"""Seconds an idle connection is kept. Node's servers close after 5 (Rehook's errors read like Express); a write on a
connection that closes in that moment has an unknown outcome, so ours closes first."""

ALWAYS = (("Accept", "application/json"), ("Accept-Encoding", "identity"))
"""Headers of every request."""

USER_AGENT = ("User-Agent", "wallet-async")
"""A short one: to send none at all would cost aiohttp more."""


class ClientSessionTransport:
    """Sends through a `aiohttp.ClientSession`, its own or the caller's (which is never closed)."""

    name = "aiohttp.ClientSession"

    def __init__(
        self, base_url: str, limits: Limits, timeouts: Timeouts, http: aiohttp.ClientSession | None = None
    ) -> None:
        self.base_url = base_url
        """Where calls go that name no other host."""
        self.max_body: int = limits.max_body
        """Most bytes of an answer."""
        self._owned = http is None
        self.http: aiohttp.ClientSession = http or _own_session()
        """What it sends through."""
        self._compressed = not self.http.auto_decompress
        # A header that is the session's is cheaper than one that comes with each request.
        self._headers = () if http is None else ALWAYS
        # No total: the sender's one timer bounds everything. aiohttp's own would cost a sixth of a request.
        self.timeout: aiohttp.ClientTimeout = aiohttp.ClientTimeout(total=None, sock_connect=timeouts.connect)

    async def attempt(self, call: Call, credentials: Mapping[str, str], evidence: Evidence, deadline: float) -> Reply:
        """Send *call* once."""
        async with asyncio.timeout_at(deadline):
            return await self._attempt(call, credentials, evidence, deadline)

    async def _attempt(self, call: Call, credentials: Mapping[str, str], evidence: Evidence, deadline: float) -> Reply:
        if self.http.closed:  # by its owner, or while the call waited for its turn; aiohttp's word is a RuntimeError
            raise SessionClosedError("the aiohttp session is closed")
        response: aiohttp.ClientResponse | None = None
        fault: Exception
        try:
            response = await self.http.request(
                call.method,
                URL((call.base_url or self.base_url) + call.target, encoded=True),
                data=None if call.body is None else OneShotBody(call.body, call.content_type, evidence, deadline),
                headers=[*self._headers, *credentials.items()] if self._headers else credentials,
                allow_redirects=False,
                raise_for_status=False,
                timeout=self.timeout,
            )
            return Reply(response.status, response.headers, await self._read(response))
        except HANDLED as error:
            # A body that was asked for too late is a broken connection to aiohttp; where it writes at once, before the
            # timer of a process that stood still.
            late = not evidence.sent and asyncio.get_running_loop().time() >= deadline
            fault = TimeoutError() if late else translate(error, sent=evidence.sent)
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

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        encoding = response.headers.get("Content-Encoding")
        length = response.content_length
        if encoding is None and length is not None and length <= self.max_body:
            return await response.read()
        return await read_body(response.content, encoding if self._compressed else None, self.max_body)

    def connections(self) -> int:
        """Count the open connections."""
        return inside.count_connections(self.http.connector)

    async def aclose(self) -> None:
        """Close the session if it is ours, and wait until its sockets are closed."""
        if self._owned:
            await self.http.close()
            await asyncio.sleep(0)


def _own_session() -> aiohttp.ClientSession:
    http = aiohttp.ClientSession(
        # The gate bounds what is in flight, so the pool need not.
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        requote_redirect_url=False,
        headers=[*ALWAYS, USER_AGENT],
    )
    # aiohttp repeats a GET by itself when the connection breaks: six requests for three attempts, the repeats neither
    # paced nor counted. Repeating is `RetryPolicy`'s. (aiohttp's own test client turns it off in the same way.)
    http._retry_connection = False  # noqa: SLF001 - no public switch
    return http
