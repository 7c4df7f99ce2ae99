"""An event loop on virtual time that several simulated processes share, each of which can be stopped for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar
from typing import Any

from tests.engine.virtual import VirtualLoop

HOST: ContextVar[Host | None] = ContextVar("HOST", default=None)
"""The process that the running code belongs to; None for the network, the provider and the simulator itself."""


class Host:
    """What the loop knows of one process: whether it runs, what waits meanwhile, and its tasks."""

    def __init__(self) -> None:
        self.stopped = False
        """Whether it stands still, as after SIGSTOP: nothing of it runs, timers included."""
        self.dead = False
        """Whether it was killed: nothing of it reaches the outside any more."""
        self.held: list[asyncio.Handle] = []
        self.tasks: dict[asyncio.Task[Any], None] = {}
        """Those that have not ended, in order: a set would have another order in each run."""

    def touch(self, place: str) -> None:
        """Note that it has come to a place where it may be killed."""


class ProcessLoop(VirtualLoop):
    """A virtual loop in which whatever a process is called back with waits while that process is stopped."""

    def __init__(self) -> None:
        super().__init__()
        self.set_task_factory(_task)

    def call_soon(self, callback: Callable[..., object], *args: Any, context: Context | None = None) -> asyncio.Handle:
        host = HOST.get() if context is None else context.get(HOST)
        if host is None:
            return super().call_soon(callback, *args, context=context)
        turn = _Turn(host, callback, args)
        turn.handle = super().call_soon(turn, context=context)
        return turn.handle

    def call_at(
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        host = HOST.get() if context is None else context.get(HOST)
        if host is None:
            return super().call_at(when, callback, *args, context=context)
        turn = _Turn(host, callback, args)
        turn.handle = handle = super().call_at(when, turn, context=context)
        return handle

    def go_on(self, host: Host) -> None:
        """Let *host* run again: what it was called back with meanwhile comes now, in its order."""
        host.stopped = False
        self._ready.extend(host.held)  # type: ignore[attr-defined]
        host.held = []


class _Turn:
    """One callback of a process."""

    __slots__ = ("args", "callback", "handle", "host")
    handle: asyncio.Handle

    def __init__(self, host: Host, callback: Callable[..., object], args: tuple[Any, ...]) -> None:
        self.host = host
        self.callback = callback
        self.args = args

    def __call__(self) -> None:
        if self.host.stopped:
            self.host.held.append(self.handle)
        else:
            self.callback(*self.args)


def _task(loop: asyncio.AbstractEventLoop, coro: Coroutine[Any, Any, Any], **options: Any) -> asyncio.Task[Any]:
    task = asyncio.Task(coro, loop=loop, **options)
    context = options.get("context")
    host = HOST.get() if context is None else context.get(HOST)
    if host is not None:
        host.tasks[task] = None
        task.add_done_callback(host.tasks.pop)
    return task
