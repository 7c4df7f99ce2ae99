"""Any number of processes: no second holds more than the rate, however slow the store and whatever stands still."""

from __future__ import annotations

import asyncio
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.virtual import run
from wallet_async.engine.errors import ConnectError
from wallet_async.rates import SharedRate

from .world import Careless, Clocked, FromAsking, FromHearing, Line, Worker, check, gaps, leaving, most

moments = st.floats(0, 2, allow_subnormal=False)
trips = st.tuples(st.floats(0, 0.015), st.floats(0, 0.015))
stalls = st.lists(st.tuples(moments, st.floats(0, 0.5)), max_size=4).map(
    lambda found: tuple(sorted((begin, begin + length) for begin, length in found))
)
workers = st.builds(
    Worker,
    st.lists(moments, min_size=1, max_size=40).map(tuple),
    st.lists(trips, min_size=1, max_size=5).map(tuple),
    stalls,
)


@settings(max_examples=80)
@given(st.sampled_from([1, 3, 10.5, 19, 50, 200]), st.lists(workers, min_size=1, max_size=4))
def test_any_second(per_second: float, some: list[Worker]) -> None:
    """Whoever asks when, with answers that take long and processes that stop: no second has more."""
    check(leaving(per_second, some), per_second)


CROWD = (0.0,) * 60
QUICK = Worker(CROWD)
STALLED = Worker(CROWD, stalls=((0.1, 0.45),))


def held(kind: type[SharedRate], *some: Worker, shared: bool = True) -> None:
    """Assert the rate of 100 a second."""
    check(leaving(100, some, kind=kind, shared=shared), 100)


def test_three_in_step() -> None:
    """Three that all want to leave at once use the whole rate together, evenly spaced, and no more."""
    left = leaving(100, [QUICK, QUICK, QUICK])
    assert most(left) in {99, 100}
    assert min(gaps(left)) > 0.009
    assert max(gaps(left)) < 0.0115


def test_each_for_itself() -> None:
    """Sabotaged twin: three that do not share use three times the rate."""
    with pytest.raises(AssertionError):
        held(SharedRate, QUICK, QUICK, QUICK, shared=False)


def test_a_process_that_stands_still() -> None:
    """What was to leave while a process stood still takes new cells when it goes on."""
    held(SharedRate, QUICK, QUICK, STALLED)


def test_a_process_that_stands_still_and_does_not_care() -> None:
    """Sabotaged twin: it sends all that it missed at once, beside what the others send."""
    with pytest.raises(AssertionError):
        held(Careless, QUICK, QUICK, STALLED)


def bursts(kind: type[SharedRate]) -> None:
    """Assert that two requests do not leave nearer to each other than cells lie, less what one may be late."""
    late = Worker((0.0,), trips=((0.0, 0.5),))  # its answer is half a second on the way
    left = leaving(1, [late, Worker((0.0, 0.1))], kind=kind)
    assert min(gaps(left)) >= 1 - 1e-6


def test_an_answer_that_is_late() -> None:
    """The cell of an answer that was long on its way is given up."""
    bursts(SharedRate)


@pytest.mark.parametrize("kind", [FromHearing, Careless])
def test_an_answer_that_is_late_and_is_believed(kind: type[SharedRate]) -> None:
    """Sabotaged twins: counted from hearing, a late answer makes a cell late, and it comes near the next."""
    with pytest.raises(AssertionError):
        bursts(kind)


def early(kind: type[SharedRate]) -> None:
    """Assert the same where the question, not the answer, takes its time."""
    slow = Worker((0.1,), trips=((0.3, 0.0), (0.0, 0.0)))
    left = leaving(1, [Worker((0.0,)), slow], kind=kind)
    assert min(gaps(left)) >= 1 - 1e-6


def test_a_question_that_is_late() -> None:
    """A cell lies ahead of the store's answer, not of the question: nothing leaves before it."""
    early(SharedRate)


def test_a_question_that_is_late_and_not_counted() -> None:
    """Sabotaged twin: counted from asking, a request leaves as much too early as the question took."""
    with pytest.raises(AssertionError):
        early(FromAsking)


def test_nothing_is_saved_up() -> None:
    """After a pause requests are as far apart as ever."""
    left = leaving(10, [Worker((0.0, 5.0, 5.0, 5.0, 5.0))])
    assert min(gaps(left)) > 0.1


def test_the_first_leaves_at_once() -> None:
    """Where nobody else asks nobody waits."""
    left = leaving(0.01, [Worker((3.0,), trips=((0.0, 0.0),))])
    assert left == [3.0]


def test_cancelled_waiters() -> None:
    """Who gives up while waiting costs his cell, and nobody's turn."""

    async def main() -> float:
        loop = asyncio.get_running_loop()
        rate = SharedRate(Line(Clocked(), Worker(())), 10, clock=loop.time)
        waiters = [asyncio.create_task(rate.wait()) for _ in range(10)]
        await asyncio.sleep(0.05)
        for waiter in waiters:
            waiter.cancel()
        await asyncio.gather(*waiters, return_exceptions=True)
        await rate.wait()
        return loop.time()

    assert run(main()) == pytest.approx(10 * 0.102, abs=0.01)


def test_a_store_that_is_too_slow() -> None:
    """A request whose every cell is missed ends with an error that says nothing was sent, and may be tried again."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        rate = SharedRate(Line(Clocked(), Worker((), trips=((0.015, 0.015),))), 200, clock=loop.time)
        with pytest.raises(ConnectError, match="its store answers too slowly") as error:
            await rate.wait()
        assert error.value.not_applied
        assert error.value.retryable
        assert math.isclose(loop.time(), 20 * 0.03, abs_tol=0.001)

    run(main())
