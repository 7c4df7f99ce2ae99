"""A pager that reads ahead and is disturbed: an error, a new process, a reader that leaves, a session that closes."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from typing import Any

import pytest

from wallet_async.engine.errors import DisconnectedError, SessionClosedError
from wallet_async.engine.pager import Pager

from .history import SIZE, TRIP, Row, numbers, pager, slow, surroundings
from .virtual import run


@pytest.mark.parametrize("read", ["rows", "pages", "collect"])
@pytest.mark.parametrize("failing", [1, 2, 3, 5, 9, 14])
def test_an_error_loses_nothing(read: str, failing: int) -> None:
    """What came before a page that fails is handed out, then the error comes; iterating again goes on there."""

    async def main() -> None:
        history = slow(265)
        walk = pager(history, lookahead=4)
        found: list[Row] = []
        failures = 0

        def break_once(page: int) -> None:
            nonlocal failures
            if page == failing and not failures:
                history.failures = failures = 1

        history.before_read = break_once
        with pytest.raises(DisconnectedError):
            if read == "rows":
                async for row in walk:
                    found += [row]
            elif read == "pages":
                async for page in walk.pages():
                    found += page.items
            else:
                await walk.collect()
        assert len(found) == (0 if read == "collect" else (failing - 1) * SIZE)
        found += await walk.collect()
        assert numbers(found) == list(range(264, -1, -1))
        await walk.aclose()

    run(main())


def test_a_check_that_fails_is_an_error_and_made_again() -> None:
    """Rows that are not known to be complete are not handed out."""

    async def main() -> None:
        history = slow(200)
        seen: Counter[int] = Counter()

        def fail_check(page: int) -> None:
            seen[page] += 1
            history.failures = int(page == 1 and seen[page] == 2)

        history.before_read = fail_check
        walk = pager(history, lookahead=4)
        found = []
        with pytest.raises(DisconnectedError):
            async for page in walk.pages():
                found += page.items
        assert len(found) == 2 * SIZE
        found += await walk.collect()
        assert numbers(found) == list(range(199, -1, -1))

    run(main())


@pytest.mark.parametrize("stop", range(0, 265, 11))
def test_a_checkpoint_in_a_window_resumes_elsewhere(stop: int) -> None:
    """At any row, with rows arriving before and after: a fresh pager gives exactly the rest."""

    async def main() -> None:
        history = slow(265)
        history.arrivals([0, 0, 3, 0, 5])
        first = pager(history, lookahead=4)
        begun = await first.collect(limit=stop)
        text = str(first.checkpoint)
        await first.aclose()
        history.arrivals([40 if stop else 0, 0, 1, 7])
        second = pager(history, text, lookahead=4)
        rest = await second.collect()
        await second.aclose()
        kept = [number for number in numbers(begun + rest) if number < 265]
        assert kept == list(range(264, -1, -1))

    run(main())


@pytest.mark.parametrize("way", ["break", "cancel", "error", "aclose"])
def test_whatever_ends_the_reading_leaves_nothing_behind(way: str) -> None:
    """Requests under way end by themselves, nothing new is asked for, and another loop goes on."""

    async def main() -> None:
        history = slow(400)
        walk = pager(history, lookahead=4)
        found = await walk.collect(limit=20)
        if way == "break":
            async for row in walk:
                found.append(row)
                break
        elif way == "cancel":
            reader = asyncio.create_task(walk.collect())
            await asyncio.sleep(TRIP / 4)
            reader.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reader
        elif way == "error":
            history.failures = 1
            with pytest.raises(DisconnectedError):
                await walk.collect()
        else:
            reader = asyncio.create_task(walk.collect())
            await asyncio.sleep(TRIP / 4)
            await walk.aclose()
            assert await reader == []
            assert len(asyncio.all_tasks()) == 1
            assert await walk.collect() == []
            return
        gc.collect()
        await asyncio.sleep(0)
        asked = history.asked
        await asyncio.sleep(1)
        assert history.asked == asked
        assert len(asyncio.all_tasks()) == 1
        found += await walk.collect()
        assert numbers(found) == list(range(399, -1, -1))
        await walk.aclose()

    run(main())


def test_a_session_that_closes_ends_the_reading_with_an_error() -> None:
    """A history that was not read to its end does not look like one that was."""

    async def main() -> None:
        adopted: list[Any] = []
        around = surroundings()
        walk = pager(
            slow(400), lookahead=4, around=lambda: type(around)(around.reporter, adopted.append, around.throttled)
        )
        reader = asyncio.create_task(walk.collect())
        await asyncio.sleep(TRIP * 1.5)
        await adopted[0].aclose()
        with pytest.raises(SessionClosedError, match="under way"):
            await reader

    run(main())


def test_the_end_and_the_last_event_are_there_without_a_reader() -> None:
    """A pager that nobody holds any more is no leak, and warns of nothing."""

    async def main() -> None:
        walk: Pager[Row] | None = pager(slow(400), lookahead=8)
        assert walk is not None
        await walk.collect(limit=60)
        async for _ in walk:
            break
        walk = None
        gc.collect()
        await asyncio.sleep(1)
        gc.collect()

    run(main())
