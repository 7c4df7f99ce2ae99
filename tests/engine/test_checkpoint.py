"""A checkpoint is a place in a history: a fresh pager goes on from it, in another process or on another day."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallet_async.engine.errors import InvalidInputError
from wallet_async.engine.walk import Checkpoint

from .history import History, Row, numbers, pager
from .virtual import run


async def check_resume(stop: int, arrivals: int, text_of: Any) -> None:
    """Assert that a fresh pager from the checkpoint after *stop* rows gives exactly the rest, after *arrivals*."""
    history = History(65)
    first = pager(history)
    begun = await first.collect(limit=stop)
    text = text_of(first.checkpoint)
    history.count += arrivals if stop else 0
    rest = await pager(history, text).collect()
    assert numbers(begun + rest) == list(range(64, -1, -1))


@pytest.mark.parametrize("arrivals", [0, 1, 19, 20, 21, 45, 130])
def test_a_checkpoint_at_any_row_gives_exactly_the_rest(arrivals: int) -> None:
    """At every row, in a fresh pager, whatever arrived meanwhile: nothing lost, nothing repeated."""

    async def main() -> None:
        for stop in range(66):
            await check_resume(stop, arrivals, str)

    run(main())


def test_a_checkpoint_of_the_page_alone_repeats_or_loses() -> None:
    """Twins: the page's number, or the next one's, is no place."""
    for naive in (lambda place: str(place.page), lambda place: str(place.page + 1)):
        with pytest.raises(AssertionError):
            run(check_resume(30, 0, naive))


def test_a_checkpoint_counts_what_was_handed_out_and_no_more() -> None:
    """Inside the loop the checkpoint is after the row in hand; after an error it is where reading goes on."""

    async def main() -> None:
        history = History(50)
        walk = pager(history)
        assert str(walk.checkpoint) == "1"
        async for row in walk:
            assert walk.checkpoint.after == row.id
        assert walk.checkpoint == Checkpoint(3, "t0")
        resumed = pager(history, walk.checkpoint)
        assert resumed.checkpoint == walk.checkpoint
        assert await resumed.collect() == []

    run(main())


def test_a_checkpoint_at_a_row_that_came_meanwhile_loses_nothing() -> None:
    """After a row that arrived during the walk, a fresh pager may repeat what stood before it, but loses no row."""

    async def main() -> None:
        for stop in range(20, 66):
            history = History(65)
            history.arrivals([0, 45])
            walk = pager(history)
            begun = await walk.collect(limit=stop)
            rest = await pager(history, str(walk.checkpoint)).collect()
            assert set(begun + rest) >= set(map(Row, range(65)))

    run(main())


@given(st.integers(0, 10**9), st.none() | st.text(min_size=1, max_size=20))
def test_a_checkpoint_survives_as_text(page: int, after: str | None) -> None:
    """Any id, colons included, comes back the same."""
    place = Checkpoint(page, after)
    assert Checkpoint.parse(str(place)) == place
    assert Checkpoint.of(str(place)) == place
    assert Checkpoint.of(place) is place


@pytest.mark.parametrize(
    "text", ["", ":", "1:", "x", "-1", "1.5", ":t5", " 1", "٣", "²", "page 1", None, 1.5, b"1", [1]]
)
def test_what_is_no_checkpoint_is_refused(text: Any) -> None:
    """The error names the argument and shows what a checkpoint looks like."""
    with pytest.raises(InvalidInputError, match=r"checkpoint must be the text of a Checkpoint, such as '3:trhi_7fgE…'"):
        Checkpoint.of(text)


def test_a_row_that_is_gone_is_told() -> None:
    """A checkpoint after a row that the history does not hold any more is an error, not an empty rest."""
    with pytest.raises(InvalidInputError, match="the history does not hold row 'gone'"):
        run(pager(History(65), "2:gone").collect())
