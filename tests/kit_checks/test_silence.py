"""A clock that skips silence passes over nothing that is under way."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.kit import REHOOK, CommitServer, behaviours, skip_silence
from tests.kit.silence import NEAR, SILENCE

from .raw import Raw, write_request

AWAY = SILENCE * 4  # seconds of work in a thread, more than enough to be taken for silence


async def in_a_thread(patience: float) -> None:
    """Wait for work in a thread, for so many seconds of the loop's clock at most."""
    async with asyncio.timeout(patience):
        await asyncio.get_running_loop().run_in_executor(None, time.sleep, AWAY)


async def test_a_deadline_comes_when_nothing_else_can() -> None:
    """A silent server's client hears of its deadline when the clock says so, though it was hardly waited for."""
    loop, real = asyncio.get_running_loop(), []
    skip_silence(loop)
    async with CommitServer(behaviours.silence(commit=True)) as server, Raw(server.port) as client:
        for _ in range(3):
            begun, really = loop.time(), time.monotonic()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(NEAR * 0.9):
                    await client.ask(write_request(REHOOK))
            assert NEAR * 0.9 <= loop.time() - begun < NEAR * 1.5
            real.append(time.monotonic() - really)
    assert server.commits["PUT"] == 1
    assert min(real) < NEAR / 2


async def test_work_in_a_thread_is_waited_for() -> None:
    """A thread is not overtaken by a deadline that is further off than its work."""
    skip_silence(asyncio.get_running_loop())
    await in_a_thread(NEAR * 0.9)


async def test_twin_threads_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that does not know of threads passes over their work."""
    loop = asyncio.get_running_loop()
    as_it_was = loop.run_in_executor
    skip_silence(loop)
    monkeypatch.setattr(loop, "run_in_executor", as_it_was)
    with pytest.raises(TimeoutError):
        await in_a_thread(NEAR * 0.9)
