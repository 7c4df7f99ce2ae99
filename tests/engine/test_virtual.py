"""The virtual clock that the other tests stand on."""

import asyncio
import time

import pytest

from .virtual import run, turns


def test_hours_take_no_time_and_timers_keep_their_order() -> None:
    """Sleeping moves the clock by exactly what was asked, without waiting for it."""

    async def main() -> list[str]:
        order: list[str] = []

        async def at(delay: float, name: str) -> None:
            await asyncio.sleep(delay)
            order.append(f"{name}@{asyncio.get_running_loop().time():.0f}")

        await asyncio.gather(at(7200, "late"), at(60, "early"))
        return order

    begun = time.monotonic()
    assert run(main()) == ["early@60", "late@7200"]
    assert time.monotonic() - begun < 2


def test_a_hang_and_a_task_left_behind_are_errors() -> None:
    """What would hang a test run, or leave a task, fails at once."""

    async def hang() -> None:
        await asyncio.get_running_loop().create_future()

    async def leave() -> None:
        left.append(asyncio.create_task(asyncio.sleep(60)))
        await turns()

    left: list[asyncio.Task[None]] = []
    with pytest.raises(RuntimeError, match="never comes"):
        run(hang())
    with pytest.raises(AssertionError, match="left behind"):
        run(leave())
