"""Progress of a bulk run: once a second and at its end, and never a danger to it."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from wallet_async.engine.bulk import Bulk
from wallet_async.engine.errors import InvalidInputError
from wallet_async.engine.progress import Progress
from wallet_async.engine.report import Reporter

from .bulk_runs import Works, items
from .virtual import run


def watched(works: Works, on_progress: Any, count: int = 10) -> Bulk[Any, Any]:
    """Make a run of *count* reads, two at a time, that tells its progress."""
    reporter = Reporter("engine_tests", None)
    return Bulk(
        items(count), works, concurrency=2, reporter=reporter, adopt=works.adopted.append, on_progress=on_progress
    )


def test_it_is_told_once_a_second_and_at_the_end() -> None:
    """The figures are those of the moment, and the last ones are the whole."""
    told: list[Progress] = []

    async def main() -> None:
        async for _ in watched(Works(lambda item: 0.7, fails=[3]), told.append):
            pass

    run(main())
    assert [(now.done, now.failed, now.under_way) for now in told] == [(2, 0, 2), (3, 1, 2), (7, 1, 2), (9, 1, 0)]
    assert [now.elapsed for now in told] == pytest.approx([1.0, 2.0, 3.0, 3.5])


def test_what_it_raises_is_logged_and_the_run_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    """A broken callback costs a line in the log each time."""

    def broken(now: Progress) -> None:
        raise ZeroDivisionError

    async def main() -> int:
        return len([result async for result in watched(Works(), broken)])

    with caplog.at_level(logging.ERROR):
        assert run(main()) == 10
    assert "on_progress raised; the run goes on" in caplog.text


@pytest.mark.parametrize("count", [0, 10])
def test_a_run_that_is_left_tells_once_more_and_falls_silent(count: int) -> None:
    """After the end, early or not, nothing is told any more, and a run that never began tells nothing."""
    told: list[Progress] = []

    async def main() -> None:
        bulk = watched(Works(lambda item: 0.4), told.append, count)
        async for _ in bulk:
            break
        await bulk.aclose()
        assert len(told) == 1
        await bulk.aclose()
        await watched(Works(), told.append).aclose()
        await asyncio.sleep(60)
        assert len(told) == 1

    run(main())


def test_what_is_no_function_is_refused() -> None:
    """The error names the argument."""
    with pytest.raises(InvalidInputError, match="on_progress must be a function of one Progress"):
        watched(Works(), "print")
