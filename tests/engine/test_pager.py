"""What a pager does besides giving every row once: bounds, places, errors, misuse."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from wallet_async.engine.errors import DisconnectedError, InvalidInputError
from wallet_async.engine.pager import Pager
from wallet_async.engine.walk import Checkpoint, Paging, Walk

from .history import BEGINNING, SIZE, History, Row, numbers, pager, surroundings
from .virtual import run, turns


def test_nothing_is_read_before_it_is_iterated_and_no_page_too_much() -> None:
    """Making a pager sends nothing; each page is read when its first row is asked for."""

    async def main() -> None:
        history = History(100)
        walk = pager(history)
        await turns()
        assert history.reads == []
        async for row in walk:
            if row.number == 80:
                break
        assert history.reads == [1]

    run(main())


@pytest.mark.parametrize("limit", [0, 1, 19, 20, 21, 40, 99, 100, 101])
def test_limit_bounds_rows_and_readings(limit: int) -> None:
    """`limit` gives that many of the first rows and reads no page that it does not need."""
    history = History(100)
    found = run(pager(history, limit=limit).collect())
    assert numbers(found) == list(range(99, -1, -1))[:limit]
    assert len(history.reads) == min(-(-limit // SIZE), 6)


@pytest.mark.parametrize("limit", [-1, True, 1.0, "5"])
def test_a_wrong_limit_is_refused(limit: Any) -> None:
    """A limit is a whole number of at least 0."""
    with pytest.raises(InvalidInputError, match="limit must be an int of at least 0"):
        pager(History(1), limit=limit)
    with pytest.raises(InvalidInputError, match="limit must be an int of at least 0"):
        run(pager(History(1)).collect(limit=limit))


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("oldest", [0, 1, 20, 79, 80, 81, 99, 100, 200])
def test_since_leaves_out_what_is_older(oldest: int, newest_first: bool) -> None:
    """Rows from `since` on come, whichever way the provider orders; newest first, older pages are not read."""
    history = History(100, newest_first=newest_first)
    found = run(pager(history, since=BEGINNING + timedelta(hours=oldest)).collect())
    assert sorted(numbers(found)) == list(range(oldest, 100))
    if newest_first:
        assert len(history.reads) <= max(100 - oldest, 0) // SIZE + 1


@pytest.mark.parametrize("lookahead", [1, 8])
def test_rows_of_one_moment_show_no_order(lookahead: int) -> None:
    """Oldest first, a full page of one old moment (a bulk import) does not end the walk before the newer rows."""
    history = History(45, newest_first=False)
    paging: Paging[Row] = Paging(
        "transactions", SIZE, key=lambda row: row.id, moment=lambda row: BEGINNING + timedelta(days=row.number // 40)
    )
    since = BEGINNING + timedelta(hours=1)
    walk = Pager(history.fetch, paging, Checkpoint(1), surroundings, since=since, lookahead=lookahead)
    assert numbers(run(walk.collect())) == [40, 41, 42, 43, 44]


def test_start_page_begins_further_down() -> None:
    """Page 3 begins with the 41st row."""
    assert numbers(run(pager(History(100), "3").collect())) == list(range(59, -1, -1))


@pytest.mark.parametrize("read", ["rows", "pages", "collect"])
@pytest.mark.parametrize("failing", [1, 2, 3, 4])
def test_an_error_loses_nothing(read: str, failing: int) -> None:
    """When a page cannot be read, what came before is handed out, and iterating again goes on with the next row."""

    async def main() -> None:
        history = History(65)
        walk = pager(history)
        found: list[Row] = []

        def break_once(page: int) -> None:
            if page == failing and not history.failures and len(history.reads) == failing - 1:
                history.failures = 1

        history.before_read = break_once
        for attempt in range(2):
            try:
                if read == "rows":
                    async for row in walk:
                        found += [row]
                elif read == "pages":
                    async for page in walk.pages():
                        found += page.items
                else:
                    found += await walk.collect()
            except DisconnectedError:
                assert attempt == 0
        assert numbers(found) == list(range(64, -1, -1))

    run(main())


def test_a_failed_collect_hands_nothing_out() -> None:
    """The rows of a `collect` that failed are still to come, and the checkpoint is before them."""

    async def main() -> None:
        history = History(65)
        walk = pager(history)
        await walk.collect(limit=5)

        def fail_third(page: int) -> None:
            history.failures = int(page == 3)

        history.before_read = fail_third
        for _ in range(2):
            with pytest.raises(DisconnectedError):
                await walk.collect()
            assert walk.checkpoint == Checkpoint(1, "t60")
        history.before_read = lambda page: None
        resumed = await pager(history, walk.checkpoint).collect()
        assert await walk.collect() == resumed
        assert numbers(resumed) == list(range(59, -1, -1))

    run(main())


def test_leaving_and_coming_back() -> None:
    """`break` goes on with the next row; rows, pages and collect may be mixed."""

    async def main() -> None:
        history = History(65)
        walk = pager(history)
        found: list[Row] = []
        async for row in walk:
            found.append(row)
            if len(found) == 7:
                break
        async for page in walk.pages():
            found += page.items
            assert page.number == 1
            break
        found += await walk.collect(limit=25)
        async for row in walk:
            found.append(row)
        assert numbers(found) == list(range(64, -1, -1))
        assert history.reads == [1, 2, 3, 4]
        assert [row async for row in walk] == []

    run(main())


def test_pages_hold_their_numbers_and_only_new_rows() -> None:
    """A page is told by the provider's number and holds what was not on an earlier one."""

    async def main() -> None:
        history = History(50)
        history.arrivals([0, 3, 0])
        pages = [(page.number, len(page.items)) async for page in pager(history).pages()]
        assert pages == [(1, 20), (2, 17), (3, 13)]

    run(main())


def test_aclose_ends_a_walk_and_keeps_its_place() -> None:
    """After `aclose` no row comes, also from a reading under way, and the checkpoint still resumes."""

    async def main() -> None:
        history = History(65)
        walk = pager(history)
        await walk.collect(limit=5)
        await walk.aclose()
        assert await walk.collect() == []
        assert numbers(await pager(history, walk.checkpoint).collect()) == list(range(59, -1, -1))
        slow, under_way = asyncio.Event(), asyncio.Event()

        async def fetch(page: int) -> Any:
            under_way.set()
            await slow.wait()
            return await history.fetch(page)

        walk = pager(history)
        walk._fetch = fetch
        reader = asyncio.create_task(walk.collect())
        await under_way.wait()
        await walk.aclose()
        slow.set()
        assert await reader == []
        assert await walk.collect() == []

    run(main())


def test_the_wrong_loop_gets_a_hint() -> None:
    """`for`, `with` and `await` in place of `async for` say what to write."""
    with pytest.raises(TypeError, match="async for row in"):
        for _ in pager(History(1)):
            pass
    with pytest.raises(TypeError, match="async for row in"), pager(History(1)):
        pass
    assert not hasattr(Pager, "__await__")


def test_two_tasks_cannot_read_one_pager() -> None:
    """The second reader gets an error, the first all of its rows."""

    async def main() -> None:
        history = History(65)
        walk = pager(history)

        async def fetch(page: int) -> Any:
            await asyncio.sleep(1)
            return await history.fetch(page)

        walk._fetch = fetch
        ends = await asyncio.gather(walk.collect(), walk.collect(), return_exceptions=True)
        assert isinstance(ends[0], list)
        assert numbers(ends[0]) == list(range(64, -1, -1))
        assert isinstance(ends[1], InvalidInputError)
        assert "read by another task" in str(ends[1])

    run(main())


class RemembersAll(Walk[Row]):
    """Twin: keeps the id of every row."""

    def _unknown(self, rows: Any, left: int) -> tuple[Row, ...]:
        order, self._order = self._order, type(self._order)()
        fresh = super()._unknown(rows, left)
        self._order = order
        return fresh


def check_bounded(kind: Any) -> None:
    """Assert that a long walk remembers 64 pages of ids at most."""

    async def main() -> None:
        walk = pager(History(4_000), kind=kind)
        async for page in walk.pages():
            assert page.items
            assert len(walk._walk._known) <= 64 * SIZE

    run(main())


def test_a_long_walk_remembers_a_bounded_number_of_ids() -> None:
    """Memory does not grow with the history; a walk that remembers all ids fails (twin)."""
    check_bounded(Walk)
    with pytest.raises(AssertionError):
        check_bounded(RemembersAll)
