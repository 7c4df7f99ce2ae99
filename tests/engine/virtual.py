"""An event loop whose clock jumps to the next timer: hours of back-off take no time, and always the same."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Jumping(selectors.DefaultSelector):
    """A selector that, when no socket is ready, moves the clock on in place of waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            raise RuntimeError("nothing is left to happen: what the test waits for never comes")
        if not ready and timeout:
            self.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """A selector loop on virtual time, from 0; a hang is an error."""

    def __init__(self) -> None:
        self._clock = _Jumping()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now


def run(main: Coroutine[Any, Any, T], *, debug: bool | None = None) -> T:
    """Run *main* on a loop of its own in virtual time; a task that is left behind is an error.

    *debug* is the loop's debug mode, None for the interpreter's. It makes a run of very many steps ten times as long.
    """

    async def alone() -> T:
        value = await main
        for _ in range(3):  # what a `break` left in an async generator is closed one turn later
            await asyncio.sleep(0)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, f"left behind: {left}"
        return value

    with asyncio.Runner(debug=debug, loop_factory=VirtualLoop) as runner:
        return runner.run(alone())


async def turns(count: int = 20) -> None:
    """Let everything that is ready happen; no time goes by."""
    for _ in range(count):
        await asyncio.sleep(0)
