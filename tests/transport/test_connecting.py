"""Cancelled while its connection is being made, at any turn of the loop, a call leaves no socket behind."""

from __future__ import annotations

import asyncio
import gc
import socket
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvloop

from tests.transport.common import ask, opened
from wallet_async.engine.transport import Evidence, inside

LOOPS = pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
TURNS = 500  # of the loop, at most, until a connection to the own host is made


@pytest.fixture
def port() -> Iterator[int]:
    """Listen: the kernel makes the connections, and nobody answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=TURNS) as listener:
        yield listener.getsockname()[1]


async def cancelled_after(turns: int, port: int) -> bool:
    """Cancel a call after so many turns of the loop; say whether its bytes had left by then."""
    evidence = Evidence()
    async with opened(f"http://127.0.0.1:{port}") as transport:
        asking = asyncio.ensure_future(ask(transport, evidence=evidence))
        for _ in range(turns):
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait([asking])
    return evidence.sent


def left_open(loop: Callable[[], asyncio.AbstractEventLoop], port: int) -> list[str]:
    """Cancel after each number of turns until the request leaves; give what the collector found still open."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResourceWarning)
        for turns in range(TURNS):
            with asyncio.Runner(loop_factory=loop) as runner:
                sent = runner.run(cancelled_after(turns, port))
            if sent:
                break
        gc.collect()
    assert sent
    assert turns > 2
    return [str(found.message) for found in caught if "socket" in str(found.message)]


@LOOPS
def test_no_socket_is_left(loop: Callable[[], asyncio.AbstractEventLoop], port: int) -> None:
    """No turn is the wrong one, on either loop."""
    assert left_open(loop, port) == []


@LOOPS
def test_twin_connecting_that_forgets(
    loop: Callable[[], asyncio.AbstractEventLoop], port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A way to connect that does not close its socket when it is cancelled is found out."""

    connect = inside.connect

    async def forgetful(*words: Any) -> Any:
        made = socket.create_connection(("127.0.0.1", port))
        await asyncio.sleep(0)
        made.close()
        return await connect(*words)

    monkeypatch.setattr(inside, "connect", forgetful)
    assert "unclosed" in left_open(loop, port)[0]
