"""Cancelling a coroutine at each of its suspensions, one after another and the same way every time."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import types
from collections.abc import AsyncIterator, Callable, Coroutine, Generator
from typing import Any, Generic, Literal, TypeVar

import attrs

T = TypeVar("T")

When = Literal["suspended", "woken"]
"""`suspended`: what it waits for is cancelled under it. `woken`: what it waits for is there, but the
cancellation comes first, so that a result can be lost in the handing over; what never comes is waited for."""


@attrs.frozen(kw_only=True)
class Ended(Generic[T]):
    """How a coroutine ended that was to be cancelled at step `step`."""

    step: int
    """The suspension it was to be cancelled at, from 1; 0 is before its first line."""
    reached: bool
    """Whether it got there; if not, it ended undisturbed: "finished before"."""
    value: T | None = None
    error: BaseException | None = None

    @property
    def cancelled(self) -> bool:
        """Whether it ended by CancelledError, as a coroutine that was cancelled has to."""
        return isinstance(self.error, asyncio.CancelledError)


async def cancel_at_step(
    factory: Callable[[], Coroutine[Any, Any, T]], step: int, *, when: When = "suspended"
) -> Ended[T]:
    """Run a fresh coroutine in a task, cancel it at its `step`-th suspension, and say how it ended.

    Example:
        ended = await cancel_at_step(lambda: session.credit("c", "w", 20), 3)
        assert ended.cancelled or not ended.reached
    """
    coroutine = factory()
    counter = _Counter(step, when)

    async def run() -> T:
        return await counter.drive(coroutine)

    task = asyncio.get_running_loop().create_task(run())
    counter.task = task
    if step == 0:
        counter.cancel()
    try:
        await asyncio.wait([task])
    finally:
        task.cancel()  # only if we are cancelled ourselves is it still running
        with contextlib.suppress(BaseException):
            await task
        coroutine.close()
    if task.cancelled():
        return Ended(step=step, reached=counter.reached, error=asyncio.CancelledError())
    error = task.exception()
    value = None if error is not None else task.result()
    return Ended(step=step, reached=counter.reached, value=value, error=error)


async def every_step(
    factory: Callable[[], Coroutine[Any, Any, T]], *, when: When = "suspended"
) -> AsyncIterator[Ended[T]]:
    """Cancel fresh coroutines at step 0, 1, 2, ... and end with the first that was not reached any more."""
    for step in itertools.count():
        ended = await cancel_at_step(factory, step, when=when)
        yield ended
        if not ended.reached:
            return


class _Counter:
    """Drives a coroutine as `await` does, counting how often it suspends."""

    def __init__(self, step: int, when: When) -> None:
        self.task: asyncio.Task[Any] | None = None
        self.reached = False
        self._left = step
        self._when = when

    def cancel(self, *_: object) -> None:
        self.reached = True
        if self.task is not None:
            self.task.cancel()

    @types.coroutine
    def drive(self, coroutine: Coroutine[Any, Any, T]) -> Generator[Any, Any, T]:
        resume = _sender(coroutine, None)
        while True:
            try:
                waits_for = resume()
            except StopIteration as stop:
                result: T = stop.value
                return result
            self._suspended(waits_for)
            try:
                sent = yield waits_for
            except GeneratorExit:
                coroutine.close()
                raise
            except BaseException as error:
                resume = _thrower(coroutine, error)
            else:
                resume = _sender(coroutine, sent)

    def _suspended(self, waits_for: Any) -> None:
        self._left -= 1
        if self._left != 0:
            return
        if self._when == "suspended":
            self.cancel()
        elif waits_for is None:  # a bare yield, as in sleep(0): the task is woken by the loop's next turn
            asyncio.get_running_loop().call_soon(self.cancel)
        else:
            # Called before the task's own wake-up, which is registered after this.
            waits_for.add_done_callback(self.cancel)


def _sender(coroutine: Coroutine[Any, Any, Any], value: Any) -> Callable[[], Any]:
    return lambda: coroutine.send(value)


def _thrower(coroutine: Coroutine[Any, Any, Any], error: BaseException) -> Callable[[], Any]:
    return lambda: coroutine.throw(error)
