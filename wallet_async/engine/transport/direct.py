"""The transport straight on connections of aiohttp's connector: no `ClientSession`, no task and no timer a request."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import aiohttp

from wallet_async.engine.calls import Call, Reply
from wallet_async.engine.errors import ConnectError, WalletError
from wallet_async.engine.transport import Evidence, inside
from wallet_async.engine.transport.client_session import ClientSessionTransport
from wallet_async.engine.transport.connection import Connection
from wallet_async.engine.transport.deadlines import Deadlines
from wallet_async.engine.transport.faults import HANDLED, translate
from wallet_async.engine.transport.pool import Pool


class DirectTransport:
    """Sends over connections of its own, made by the connector of *session*.

    While somebody has patched `ClientSession._request`, as aioresponses and VCR.py do, calls go through *session*.
    """

    def __init__(self, session: ClientSessionTransport, connector: aiohttp.BaseConnector) -> None:
        self._session = session
        self._connector = connector
        self._loop = asyncio.get_running_loop()
        self._deadlines = Deadlines(self._loop)
        self._pools: dict[str, Pool] = {}

    @property
    def name(self) -> str:
        """What `statistics()` calls it."""
        return self._session.name if inside.is_patched() else "direct"

    async def attempt(self, call: Call, credentials: Mapping[str, str], evidence: Evidence, deadline: float) -> Reply:
        """Send *call* once."""
        if inside.is_patched():
            return await self._session.attempt(call, credentials, evidence, deadline)
        base_url = call.base_url or self._session.base_url
        pool = self._pools.get(base_url) or self._add_pool(base_url)
        request = pool.request(call, credentials)
        now = self._loop.time()
        if now >= deadline:
            raise TimeoutError
        connection = pool.take(now)
        if connection is None:
            connection = await self._connect(pool, deadline)
            if self._loop.time() >= deadline:  # a process that stood still meanwhile comes here before its timer
                connection.close()
                raise TimeoutError
        evidence.sent, evidence.connection = True, connection.transport
        reply = await connection.exchange(request, deadline)
        if reply is None:
            async with asyncio.timeout_at(deadline):
                reply = await connection.read_odd()
        pool.give_back(connection)
        return reply

    async def _connect(self, pool: Pool, deadline: float) -> Connection:
        fault: WalletError
        async with asyncio.timeout_at(deadline):
            try:
                return await pool.connect()
            except TimeoutError:  # aiohttp's: that of the deadline comes on leaving the block
                fault = ConnectError("no connection was made in time (Timeouts.connect)")
            except HANDLED as error:
                fault = translate(error, sent=False)
        # Raised outside the `except`, so that aiohttp's error is not its context.
        raise fault

    def _add_pool(self, base_url: str) -> Pool:
        session = self._session
        pool = Pool(base_url, self._connector, session.timeout, session.max_body, self._deadlines)
        return self._pools.setdefault(base_url, pool)

    def connections(self) -> int:
        """Count the open connections."""
        return self._session.connections()

    async def aclose(self) -> None:
        """Close every connection."""
        self._deadlines.close()
        for pool in self._pools.values():
            pool.close()
        await self._session.aclose()
