"""Sessions in several threads, each with an event loop of its own, never get each other's bytes."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest

from tests.kit import CommitServer, reply, response
from tests.transport.common import ask, opened
from wallet_async.engine.transport import pool
from wallet_async.engine.transport.connection import Connection

THREADS, CALLS = 4, 30


class Dawdling(Connection):
    """Lets another thread run between what was read and what is done with it."""

    def buffer_updated(self, nbytes: int) -> None:
        time.sleep(0.0005)
        super().buffer_updated(nbytes)


async def own_answers(name: bytes) -> None:
    """Ask a server that says *name*, again and again."""
    async with CommitServer(reply(lambda _: response(200, name))) as server, opened(server.url) as transport:
        for _ in range(CALLS):
            body = (await ask(transport)).body
            assert body == name, f"{body!r} is not {name!r}"


def side_by_side() -> list[BaseException]:
    """Do so in several threads; give what went wrong."""
    wrong: list[BaseException] = []

    def run(number: int) -> None:
        try:
            asyncio.run(own_answers(b"thread %d" % number))
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


def test_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each gets its own answers, though one is always about to read when another has just read."""
    monkeypatch.setattr(pool, "Connection", Dawdling)
    assert side_by_side() == []


def test_twin_one_buffer_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections that read into one buffer in all threads are found out."""
    shared = memoryview(bytearray(65_536))

    class Shared(Dawdling):
        def __init__(self, held: Any, transport: Any, handler: Any, _: memoryview, *rest: Any) -> None:
            super().__init__(held, transport, handler, shared, *rest)

    monkeypatch.setattr(pool, "Connection", Shared)
    assert side_by_side() != []
