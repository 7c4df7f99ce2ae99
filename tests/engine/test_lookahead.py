"""A pager that reads ahead: how fast it is, how much it asks for, and what it tells."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from wallet_async.engine.errors import InvalidInputError
from wallet_async.engine.events import DriftEvent, Event

from .history import BEGINNING, SIZE, TRIP, History, numbers, pager, slow, surroundings
from .virtual import run


def now() -> float:
    """Give the virtual time, in round trips."""
    return asyncio.get_running_loop().time() / TRIP


@pytest.mark.parametrize("rows", [1_999, 2_000])
def test_a_hundred_pages_take_seven_round_trips(rows: int) -> None:
    """S6: at most 1.25 times 100 / 16 round trips and 1.15 requests a page, the checks among them."""

    async def main() -> None:
        history = slow(rows)
        found = await pager(history, lookahead=16).collect()
        assert numbers(found) == list(range(rows - 1, -1, -1))
        assert now() == pytest.approx(7)
        assert now() <= 1.25 * 100 / 16
        assert len(history.reads) <= 115
        assert history.busiest <= 16 + 2  # the page that is waited for, and a check

    run(main())


@pytest.mark.parametrize(
    ("rows", "lookahead", "requests", "trips"),
    [
        (0, 16, 1, 1),
        (19, 16, 1, 1),
        (20, 1, 2, 2),
        (100, 1, 6, 6),
        (39, 4, 6, 2),
        (79, 4, 7, 3),
        (400, 4, 25, 6),
    ],
)
def test_what_a_history_costs(rows: int, lookahead: int, requests: int, trips: int) -> None:
    """One page costs one request; then `lookahead` pages beyond the next, and a check where three or more were read."""

    async def main() -> None:
        history = slow(rows)
        assert len(await pager(history, lookahead=lookahead).collect()) == rows
        assert (len(history.reads), now()) == (requests, pytest.approx(trips))

    run(main())


@pytest.mark.parametrize("lookahead", [0, -1, True, 2.0, "8", None])
def test_a_wrong_lookahead_is_refused(lookahead: Any) -> None:
    """It is a whole number of at least 1."""
    with pytest.raises(InvalidInputError, match="lookahead must be an int of at least 1"):
        pager(History(1), lookahead=lookahead)


@pytest.mark.parametrize("limit", [0, 1, 19, 20, 21, 40, 99, 100, 101, 400])
@pytest.mark.parametrize("way", ["limit", "collect"])
def test_limit_asks_for_no_page_that_is_not_needed(limit: int, way: str) -> None:
    """No page beyond the rows that are wanted is asked for, whichever way they are bounded."""

    async def main() -> None:
        history = slow(600)
        walk = pager(history, lookahead=8, limit=limit if way == "limit" else None)
        found = await walk.collect(limit=limit if way == "collect" else None)
        assert numbers(found) == list(range(599, -1, -1))[:limit]
        assert max(history.reads, default=0) == -(-limit // SIZE)
        await walk.aclose()

    run(main())


def test_since_asks_for_no_page_beyond_the_window() -> None:
    """Older pages than the window in which the moment shows are not asked for."""

    async def main() -> None:
        history = slow(4_000)
        walk = pager(history, lookahead=4, since=BEGINNING + timedelta(hours=3_900))
        assert numbers(await walk.collect()) == list(range(3_999, 3_899, -1))
        assert max(history.reads) <= 5 + 1 + 5

    run(main())


def test_nothing_is_read_before_the_first_page_is_handed_out() -> None:
    """Who wants no more than the first page causes no other request."""

    async def main() -> None:
        history = slow(400)
        async for row in pager(history, lookahead=16):
            if row.number == 380:
                break
        await asyncio.sleep(1)
        assert history.reads == [1]

    run(main())


def test_a_slow_reader_stops_the_reading_and_makes_the_window_smaller() -> None:
    """While a page is worked on for long, no more than two windows are held; then one page at a time is read."""

    async def main() -> None:
        history = slow(4_000)
        walk = pager(history, lookahead=8)
        taken = 0
        async for page in walk.pages():
            taken = page.number
            await asyncio.sleep(1)
            assert max(history.reads) - taken <= 2 * 9
            if taken == 40:
                break
        assert max(history.reads) - taken <= 4
        await walk.aclose()

    run(main())


def test_a_provider_that_asks_for_less_gets_less() -> None:
    """Each time the session is throttled, the window is halved."""

    async def main() -> None:
        history = slow(4_000)
        asked = 0
        walk = pager(history, lookahead=16, around=lambda: surroundings(throttled=lambda: asked))
        await walk.collect(limit=800)
        assert history.busiest > 16
        asked = 1
        history.busiest = 0
        await walk.collect(limit=40)
        await asyncio.sleep(1)
        history.busiest = 0
        pages = walk.pages()
        for _ in range(8):
            asked += 1
            await anext(pages)
        await asyncio.sleep(1)
        assert history.busiest <= 9
        await pages.aclose()
        await walk.aclose()

    run(main())


def test_drift_is_told() -> None:
    """Rows that arrive in a window cost requests, which an event tells; without arrivals there is none."""

    async def main(counts: list[int], lookahead: int) -> list[Event]:
        events: list[Event] = []
        history = slow(265)
        steps = iter([0.001, 0.004, 0.002, 0.003])
        history.delay = lambda: TRIP + next(steps, 0.0)
        history.arrivals(counts)
        walk = pager(history, lookahead=lookahead, around=lambda: surroundings(events.append))
        found = await walk.collect()
        assert [number for number in numbers(found) if number < 265] == list(range(264, -1, -1))
        await walk.aclose()
        return events

    assert run(main([], 4)) == []
    assert run(main([0, 3], 1)) == [
        DriftEvent(service="rehook", operation="transactions", requests=0, recovered=0, repeated=3)
    ]
    events = run(main([0, 0, 2], 4))
    assert {type(event) for event in events} == {DriftEvent}
    assert sum(event.requests for event in events if isinstance(event, DriftEvent)) > 0
