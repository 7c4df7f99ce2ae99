"""The gate: never more than agreed, first come first served, and no slot is ever lost or made up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wallet_async.engine.errors import InvalidInputError, QueueFullError
from wallet_async.engine.limits import Gate, Limits

from .virtual import run, turns


class Crowd:
    """Callers of one gate that hold their slot until told, and are watched."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.inside: dict[int, asyncio.Event] = {}
        self.order: list[int] = []
        self.most = 0
        self.tasks: dict[int, asyncio.Task[None]] = {}

    async def _call(self, number: int) -> None:
        await self.gate.acquire()
        self.order.append(number)
        self.inside[number] = asyncio.Event()
        self.most = max(self.most, len(self.inside))
        try:
            await self.inside[number].wait()
        finally:
            del self.inside[number]
            self.gate.release()

    def come(self) -> None:
        number = len(self.tasks)
        self.tasks[number] = asyncio.create_task(self._call(number))

    async def leave(self) -> None:
        for task in self.tasks.values():
            task.cancel()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)


async def check_schedule(make: Callable[[Limits], Gate], seed: int, steps: int = 50) -> None:
    """Assert the gate's promises under a random schedule of arrivals, departures and cancellations in any order."""
    random = Random(seed)
    slots = random.randint(1, 4)
    gate = make(Limits(max_in_flight=slots))
    crowd = Crowd(gate)
    for _ in range(steps):
        for _ in range(random.randint(1, 3)):  # several happen within one turn of the loop
            match random.choice(["come", "come", "finish", "cancel"]):
                case "come":
                    crowd.come()
                case "finish" if crowd.inside:
                    random.choice(list(crowd.inside.values())).set()
                case "cancel" if crowd.tasks:
                    random.choice(list(crowd.tasks.values())).cancel()
        await turns(random.randint(0, 2))
        assert 0 <= len(crowd.inside) <= slots
        assert 0 <= gate.in_flight <= slots
    await turns()
    waiting = [task for number, task in crowd.tasks.items() if not task.done() and number not in crowd.inside]
    assert not waiting or len(crowd.inside) == slots
    assert gate.queued == len(waiting)
    await crowd.leave()
    assert (gate.in_flight, gate.queued) == (0, 0)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_any_schedule_keeps_the_bound_and_every_slot(seed: int) -> None:
    """Whoever comes, goes or is cancelled in whichever turn: the bound is kept and no slot is lost."""
    run(check_schedule(Gate, seed))


class Waits(Gate):
    """A gate whose waiting can be broken."""

    async def acquire(self) -> None:
        if self.take():
            return
        turn = asyncio.get_running_loop().create_future()
        self._line.join(turn, None)
        await self._wait(turn)

    async def _wait(self, turn: asyncio.Future[None]) -> None:
        raise AssertionError("each twin says how it waits")


class ReleaseDropped(Waits):
    """Twin: forgets to pass on a slot that came together with the cancellation."""

    async def _wait(self, turn: asyncio.Future[None]) -> None:
        try:
            await turn
        finally:
            self._line.leave(turn, None)


class ReleasedTwice(Waits):
    """Twin: gives a slot back that it never got, when a release meets a cancelled waiter."""

    async def _wait(self, turn: asyncio.Future[None]) -> None:
        try:
            await turn
        except asyncio.CancelledError:
            before = self.queued
            self._line.leave(turn, None)
            if self.queued == before:
                self.release()
            raise


class LastFirst(Gate):
    """Twin: serves who came last."""

    def release(self) -> None:
        if waiting := self._line._single:
            waiting.move_to_end(next(reversed(waiting)), last=False)
        super().release()


class OneMore(Gate):
    """Twin: lets one more in than agreed."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits)
        self.bound += 1


@pytest.mark.parametrize("broken", [ReleaseDropped, ReleasedTwice, OneMore])
def test_broken_gates_fail_some_schedule(broken: type[Gate]) -> None:
    """Each twin breaks a promise under some of the schedules."""
    with pytest.raises((AssertionError, RuntimeError)):
        for seed in range(100):
            run(check_schedule(broken, seed))


async def check_order(gate: Gate) -> None:
    """Assert that callers are served in the order in which they came, past those who gave up."""
    crowd = Crowd(gate)
    for _ in range(30):
        crowd.come()
    await turns()
    for number in (7, 8, 20):
        crowd.tasks[number].cancel()
    while crowd.inside:
        min(crowd.inside.items())[1].set()
        await turns()
    assert crowd.order == [number for number in range(30) if number not in {7, 8, 20}]


@pytest.mark.parametrize("slots", [1, 3])
def test_first_come_first_served(slots: int) -> None:
    """The line is served from its head; a gate that serves the last comer fails (twin)."""
    run(check_order(Gate(Limits(max_in_flight=slots))))
    with pytest.raises(AssertionError):
        run(check_order(LastFirst(Limits(max_in_flight=slots))))


def test_a_slot_that_meets_a_cancelled_waiter_is_counted_once() -> None:
    """A release in the very turn in which the first in line is cancelled leaves one free slot, not two."""

    async def main() -> None:
        gate = Gate(Limits(max_in_flight=1))
        await gate.acquire()
        first, second = (asyncio.create_task(gate.acquire()) for _ in range(2))
        await turns()
        first.cancel()
        gate.release()
        await turns()
        assert second.done()
        assert gate.in_flight == 1
        gate.release()
        assert gate.in_flight == 0

    run(main())


def test_the_waiting_line_is_bounded() -> None:
    """One caller more than `max_queued` is refused at once, and the refusal changes nothing."""

    async def main() -> None:
        crowd = Crowd(Gate(Limits(max_in_flight=1, max_queued=2)))
        for _ in range(3):
            crowd.come()
        await turns()
        with pytest.raises(QueueFullError, match=r"2 calls are waiting already \(Limits\.max_queued\)") as caught:
            await crowd.gate.acquire()
        assert caught.value.not_applied
        assert (crowd.gate.in_flight, crowd.gate.queued) == (1, 2)
        await crowd.leave()
        none_waits = Gate(Limits(max_in_flight=1, max_queued=0))
        await none_waits.acquire()
        with pytest.raises(QueueFullError):
            await none_waits.acquire()

    run(main())


async def check_rate(gate: Gate, rate: float, calls: int) -> None:
    """Assert that *calls* callers leave at *rate* a second, evenly, and the first at once."""
    loop = asyncio.get_running_loop()
    left: list[float] = []

    async def call() -> None:
        await gate.acquire()
        left.append(loop.time())
        await asyncio.sleep(0.001)
        gate.release()

    await asyncio.sleep(100)  # time gone by saves nothing up
    begun = loop.time()
    await asyncio.gather(*(call() for _ in range(calls)))
    assert left[0] == begun
    for index, moment in enumerate(left):
        assert index / rate - 0.011 <= moment - begun <= index / rate + 0.001


def test_the_rate_is_kept_evenly() -> None:
    """50 requests a second are 20 ms apart, also after a long pause; a gate without a rate fails (twin)."""
    run(check_rate(Gate(Limits(max_in_flight=10, rate=50.0)), 50.0, 40))
    with pytest.raises(AssertionError):
        run(check_rate(Gate(Limits(max_in_flight=10)), 50.0, 40))


async def check_pause(gate: Gate) -> None:
    """Assert that nobody leaves during a pause, whether they came before or in it, and everybody after it."""
    loop = asyncio.get_running_loop()
    left: list[float] = []

    async def call(at: float) -> None:
        await asyncio.sleep(at)
        await gate.acquire()
        left.append(loop.time())
        gate.release()

    gate.pause(5.0)
    callers = [asyncio.create_task(call(at / 2)) for at in range(20)]
    await asyncio.sleep(2)
    gate.pause(6.0)  # asked again meanwhile: until 8
    gate.pause(1.0)  # a shorter one shortens nothing
    await asyncio.gather(*callers)
    assert min(left) == pytest.approx(8.0)
    assert len(left) == 20
    assert max(left) == pytest.approx(9.5)


class PausedAlone(Gate):
    """Twin: a pause that only holds back whoever was told."""

    def pause(self, delay: float) -> None:
        pass


@pytest.mark.parametrize("slots", [1, 3, 50])
def test_a_pause_holds_everybody_back(slots: int) -> None:
    """When the provider says 429, the whole session waits, and for the longest pause asked for."""
    run(check_pause(Gate(Limits(max_in_flight=slots))))
    with pytest.raises(AssertionError):
        run(check_pause(PausedAlone(Limits(max_in_flight=slots))))


def test_callers_cancelled_in_a_pause_leave_nothing() -> None:
    """Nobody holds a slot in a pause, and those who are cancelled leave the line."""

    async def main() -> None:
        gate = Gate(Limits(max_in_flight=3))
        gate.pause(60.0)
        tasks = [asyncio.create_task(gate.acquire()) for _ in range(5)]
        await turns()
        assert (gate.in_flight, gate.queued) == (0, 5)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert (gate.in_flight, gate.queued) == (0, 0)
        await gate.acquire()
        assert asyncio.get_running_loop().time() == pytest.approx(60.0)

    run(main())


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True, None, "many", "10"])
def test_a_bound_is_a_number_or_auto(wrong: object) -> None:
    """One error says what is allowed, whatever is given."""
    assert Limits(max_in_flight="auto").max_in_flight == "auto"
    with pytest.raises(InvalidInputError, match=r"Limits\.max_in_flight must be an int of at least 1 or 'auto'"):
        Limits(max_in_flight=wrong)  # type: ignore[arg-type]
