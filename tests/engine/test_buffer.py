"""The buffer between workers and the reader: in order, bounded, and nobody waits for ever."""

from __future__ import annotations

import asyncio

import pytest

from wallet_async.engine.buffer import Buffer

from .virtual import run


async def filled(kind: type[Buffer[int]], *, workers: int, size: int, each: int = 10, pause: float = 0.0) -> int:
    """Let workers put numbers, and read them all; gives the most that were held."""
    buffer = kind(size)
    most = 0

    async def worker(first: int) -> None:
        nonlocal most
        for number in range(first, each * workers, workers):
            buffer.put(number)
            most = max(most, len(buffer.ready))
            await buffer.room()

    tasks = {asyncio.create_task(worker(first)) for first in range(workers)}
    for task in tasks:
        task.add_done_callback(lambda _: buffer.wake())
    got: list[int] = []
    while buffer.ready or not all(task.done() for task in tasks):
        while buffer.ready:
            got.append(buffer.pop())
            await asyncio.sleep(pause)
        if not all(task.done() for task in tasks):
            await buffer.arrival()
    assert sorted(got) == list(range(each * workers))
    assert got[0] == 0
    return most


@pytest.mark.parametrize("pause", [0.0, 1.0])
@pytest.mark.parametrize(("workers", "size"), [(1, 1), (3, 1), (3, 3), (6, 3), (100, 50), (3, 100)])
def test_all_comes_and_little_is_held(workers: int, size: int, pause: float) -> None:
    """Every result comes once; with a reader of any pace at most *size* and one a worker are held."""
    assert run(filled(Buffer, workers=workers, size=size, pause=pause)) <= size + workers


class Boundless(Buffer[int]):
    """Twin: nobody waits for the reader."""

    async def room(self) -> None:
        await asyncio.sleep(0)


class Stingy(Buffer[int]):
    """Twin: a reader that has taken everything lets nobody on."""

    def _unblock_all(self) -> None:
        pass


def test_twin_without_a_bound_more_is_held() -> None:
    """Where workers do not wait, a slow reader finds everything."""
    assert run(filled(Boundless, workers=6, size=3, pause=1.0)) > 9


def test_twin_a_reader_that_lets_nobody_on_waits_for_ever() -> None:
    """Whoever was given a place may end without a result; then nobody takes one out, which would let the next on."""
    with pytest.raises(RuntimeError, match="nothing is left to happen"):
        run(filled(Stingy, workers=3, size=1))


def test_a_cancelled_worker_passes_its_place_on() -> None:
    """The place came in the moment of the cancellation: the next in line gets it."""

    async def main() -> None:
        buffer: Buffer[int] = Buffer(2)
        for number in range(3):
            buffer.put(number)
        first, second = asyncio.create_task(buffer.room()), asyncio.create_task(buffer.room())
        await asyncio.sleep(1)
        buffer.pop()
        assert {first.done(), second.done()} == {False}
        buffer.pop()  # a place for the first
        first.cancel()
        await asyncio.wait([second])
        assert first.cancelled()

    run(main())


def test_a_widened_buffer_lets_everyone_on() -> None:
    """Nobody reads any more: those who wait go on, and nobody waits again."""

    async def main() -> None:
        buffer: Buffer[int] = Buffer(1)
        buffer.put(1)
        waiting = [asyncio.create_task(buffer.room()) for _ in range(3)]
        await asyncio.sleep(1)
        buffer.widen()
        await asyncio.gather(*waiting)
        buffer.put(2)
        await buffer.room()
        assert list(buffer.ready) == [1, 2]

    run(main())
