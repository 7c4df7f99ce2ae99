"""A connection that was kept after an odd answer may be reset much later: nobody waits, and nobody is told."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest

from tests.kit import CommitServer, Exchange, behaviours
from tests.transport.common import ask, opened
from tests.transport.test_reuse import chunks
from wallet_async.engine.transport import odd


async def complaints() -> list[str]:
    """Let the server reset an idle connection that has carried chunks; give what the loop complains of."""
    heard: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: heard.append(context["message"]))
    gate = asyncio.Event()

    async def act(exchange: Exchange) -> None:
        await exchange.read()
        await exchange.send(chunks(exchange))
        await gate.wait()
        await behaviours.finish(exchange, "rst")

    async with CommitServer(act) as server:
        async with opened(server.url) as transport:
            await ask(transport)
            gate.set()
            while server.open_connections or transport.connections():  # noqa: ASYNC110 - neither has an event for it
                await asyncio.sleep(0.001)
        gc.collect()
        await asyncio.sleep(0)
    return heard


async def test_a_reset_long_after_is_nobodys_error() -> None:
    """The loop has nothing to complain of."""
    assert await complaints() == []


async def test_twin_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody looks at how the connection ended, asyncio complains of an exception that was never retrieved."""

    def unseen(_: Any) -> None:
        pass

    monkeypatch.setattr(odd, "_look_at", unseen)
    assert any("never retrieved" in each for each in await complaints())
