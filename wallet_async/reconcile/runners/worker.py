"""A process that reads chunks for `Processes`: ``python -m wallet_async.reconcile.runners.worker``, on two pipes."""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import suppress
from typing import Any, BinaryIO

import anyio.to_thread

from wallet_async.engine.errors import WalletError
from wallet_async.reconcile.runners.messages import Answer, Failed, Read, Task, frame, receive
from wallet_async.reconcile.runners.station import Order, Station

_EVERY = 0.5
"""Seconds between two reports."""


class _Desk:
    """Does what is asked, and answers.

    Args:
        station: Reads.
        answers: Where answers go.
    """

    def __init__(self, station: Station, answers: BinaryIO) -> None:
        self._station = station
        self._answers = answers

    def _say(self, answer: Answer) -> None:
        self._answers.write(frame(answer))
        self._answers.flush()

    async def read(self, task: Task) -> None:
        """Read a chunk. What is no `WalletError` ends the process."""
        try:
            tally = await self._station.read(task.chunk, task.into)
        except WalletError as error:
            self._say(Failed(task.chunk.number, error))
        else:
            self._say(self._station.report())
            self._say(Read(task.chunk.number, tally))

    async def report(self) -> None:
        """Report for ever."""
        while True:
            await asyncio.sleep(_EVERY)
            self._say(self._station.report())


async def serve(asked: int, answers: BinaryIO) -> None:
    """Read chunks until *asked* ends; what is under way then is left."""

    async def next_message() -> Any:
        return await anyio.to_thread.run_sync(receive, asked, abandon_on_cancel=True)

    order: Order | None = await next_message()
    if order is None:
        return
    station = Station(order, os.environ)
    desk = _Desk(station, answers)
    try:
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(desk.report())]
            while (task := await next_message()) is not None:
                running = [one for one in running if not one.done()]
                running.append(tasks.create_task(desk.read(task)))
            logging.disable()  # that something begun is left is no news now
            for one in running:
                one.cancel()
    finally:
        await station.aclose()


def main() -> None:
    """Talk over the standard streams."""
    with suppress(BrokenPipeError), os.fdopen(os.dup(1), "wb") as answers:  # whoever started it may be gone
        os.dup2(2, 1)  # what a library prints must not get between the answers
        asyncio.run(serve(0, answers))


if __name__ == "__main__":
    main()
