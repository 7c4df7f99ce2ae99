"""A bound that adapts finds what the provider sustains, stays just below it, and follows when it changes."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from random import Random

import pytest

from wallet_async.engine.adapt import Adaptive
from wallet_async.engine.limits import Gate, Limits

from .loads import Provider, Shedding, keep_busy
from .virtual import run

EXAMPLES = int(os.environ.get("ADAPT_EXAMPLES", "8"))
"""Providers that are tried; a longer search also tries quick ones, which take their time to be played."""
QUICKEST = 5000.0 if EXAMPLES > 8 else 250.0
"""Requests a second."""
SETTLED = 10.0
"""Seconds after which a bound has to have settled."""


def adapting(kind: Callable[[], Adaptive] = Adaptive) -> Gate:
    """Make a gate with a bound that adapts."""
    gate = Gate(Limits(max_in_flight="auto"))
    gate._adaptive = kind()
    return gate


def shedding(seed: int, *, rate: float | None = None) -> Shedding:
    """Make a provider with a rate, a latency and a patience of its own."""
    random = Random(seed)
    return Shedding(
        rate or 20 * (QUICKEST / 20) ** random.random(),
        0.005 * 40 ** random.random(),
        seed,
        burst=random.choice([0.05, 0.2, 1.0]),
        retry_after=random.choice([None, 1.0]),
    )


def play(
    provider: Provider, gate: Gate, seconds: float, *, room: float, rates: dict[float, float] | None = None
) -> list[tuple[float, float]]:
    """Keep *provider* busy through *gate* with callers for *room* times what it fits; give the bounds seen."""
    callers = math.ceil(20 + room * provider.rate * provider.latency)
    return run(keep_busy(provider, gate, seconds, callers=callers, rates=rates), debug=False)


def goodput(provider: Provider, gate: Gate, seconds: float, since: float) -> tuple[float, float]:
    """Keep *provider* busy through *gate*; give the shares taken and refused from *since* to the end."""
    play(provider, gate, seconds, room=3)
    return provider.share(since, seconds)


def best_fixed(seed: int) -> float:
    """Search the fixed bound that gets the most through."""
    fits = shedding(seed).rate * shedding(seed).latency
    bounds = sorted({max(1, round(fits * factor)) for factor in (0.8, 1.0, 1.2, 1.5, 2.5)})
    return max(goodput(shedding(seed), Gate(Limits(max_in_flight=bound)), 6.0, 2.0)[0] for bound in bounds)


def settled(seed: int, kind: Callable[[], Adaptive]) -> tuple[float, float]:
    """Give the shares taken and refused once a bound of *kind* has had the time to settle."""
    return goodput(shedding(seed), adapting(kind), SETTLED + 15, SETTLED)


def check_refused(seed: int, refused: float) -> None:
    """Assert that a provider of unknown rate seldom has to refuse."""
    assert refused < 0.02, f"{told(seed)}: {refused:.1%} refused"


def check_used(seed: int, taken: float) -> None:
    """Assert that a provider of unknown rate is used as well as any fixed bound could, whatever it refuses."""
    assert taken >= 0.9 * min(1.0, best_fixed(seed)), f"{told(seed)}: only {taken:.1%} used"


def told(seed: int) -> str:
    """Say which provider it is."""
    provider = shedding(seed)
    return f"seed {seed}: {provider.rate:.0f}/s, {provider.latency * 1000:.0f} ms, {provider.retry_after}"


@pytest.mark.parametrize("seed", range(EXAMPLES))
def test_an_unknown_rate_is_found(seed: int) -> None:
    """At least 90 % of the best fixed bound's goodput, and less than 2 % refused once it has settled."""
    taken, refused = settled(seed, Adaptive)
    check_refused(seed, refused)
    check_used(seed, taken)


class Plain(Adaptive):
    """Twin: additive increase, multiplicative decrease, as every textbook has it."""

    def _curve(self, since: float) -> float:
        return self.bound + 1 / self.bound if self._ceiling < math.inf else math.inf


class Halver(Adaptive):
    """Twin: one cut for each refusal, those of one burst included."""

    def refused(self, begun: float, now: float) -> None:
        self._cut_at = -math.inf
        super().refused(begun, now)


class NeverShrinks(Adaptive):
    """Twin: a refusal teaches it nothing."""

    def refused(self, begun: float, now: float) -> None:
        pass


@pytest.mark.parametrize(("kind", "seed"), [(Plain, 2), (Halver, 0)])
def test_a_bound_that_wastes_capacity_is_found_out(kind: type[Adaptive], seed: int) -> None:
    """Twins: the goodput alone gives them away; they are refused as seldom as ours."""
    taken, refused = settled(seed, kind)
    check_refused(seed, refused)
    with pytest.raises(AssertionError, match="used"):
        check_used(seed, taken)


@pytest.mark.parametrize(("kind", "seed"), [(Plain, 7), (NeverShrinks, 0)])
def test_a_bound_that_is_often_refused_is_found_out(kind: type[Adaptive], seed: int) -> None:
    """Twins: the refusals alone give them away; the provider is used as well as by ours."""
    taken, refused = settled(seed, kind)
    check_used(seed, taken)
    with pytest.raises(AssertionError, match="refused"):
        check_refused(seed, refused)


def check_change(factor: float, seed: int, kind: Callable[[], Adaptive] = Adaptive) -> None:
    """Assert that the bound has settled again 10 seconds after the provider's rate has changed."""
    provider = shedding(seed, rate=100.0)
    moment = 15.0 + seed
    end = moment + SETTLED + 10
    play(provider, adapting(kind), end, room=6, rates={moment: 100 * factor})
    taken, refused = provider.share(moment + SETTLED, end)
    assert refused < 0.02, f"seed {seed}: {refused:.1%} refused"
    assert taken >= 0.9, f"seed {seed}: only {taken:.1%} used"


@pytest.mark.parametrize("factor", [2.0, 0.5])
def test_a_changed_rate_is_found_within_ten_seconds(factor: float) -> None:
    """Whether the provider doubles or halves what it takes, and whenever it does."""
    for seed in range(4):
        check_change(factor, seed)


class NeverForgets(Adaptive):
    """Twin: never tries more than was refused once."""

    def _curve(self, since: float) -> float:
        return min(super()._curve(since), self._ceiling)


def test_a_bound_that_never_forgets_is_found_out() -> None:
    """Twin: the doubled rate is not used."""
    with pytest.raises(AssertionError, match="used"):
        check_change(2.0, 1, NeverForgets)


def check_queueing(rate: float, latency: float, kind: Callable[[], Adaptive] = Adaptive) -> None:
    """Assert that a provider that never refuses is kept busy, and its queue short."""
    provider = Provider(rate, latency, 1)
    bounds = play(provider, adapting(kind), 30.0, room=10)
    knee = rate * latency * 1.125 + 1
    late = [bound for moment, bound in bounds if moment > 15]
    assert provider.share(15, 30)[0] >= 0.9, "the provider had nothing to do"
    assert sum(late) / len(late) <= 2.5 * knee, f"the queue is long: {sum(late) / len(late):.1f}, and {knee:.1f} fit"


class OnlyRefusals(Adaptive):
    """Twin: does not look at the latency."""

    def _average(self, latency: float, now: float) -> None:
        self._latency = latency


def test_a_provider_that_queues_is_not_flooded() -> None:
    """Where nothing is refused, the bound stays near the point from which more in flight only wait longer."""
    for rate, latency in ((100, 0.05), (300, 0.02), (100, 0.2)):
        check_queueing(rate, latency)
    with pytest.raises(AssertionError, match="queue is long"):
        check_queueing(300, 0.02, OnlyRefusals)


def test_the_lowest_bound_still_asks_once_a_second() -> None:
    """However much is refused, the end of it is noticed; and the bound is never above 1,000."""
    adaptive = Adaptive()
    for second in range(100):
        adaptive.refused(float(second), second + 0.5)
    assert adaptive.interval <= 1.0 + 1e-9
    adaptive = Adaptive()
    for number in range(3000):
        adaptive.answered(number * 0.001, number * 0.001 + 0.05, full=True)
    assert adaptive.bound == 1000


def test_without_demand_nothing_is_learnt_about_more() -> None:
    """A session with one caller does not dream of a thousand in flight."""
    adaptive = Adaptive()
    for number in range(100):
        adaptive.answered(number * 0.1, number * 0.1 + 0.05, full=False)
    assert adaptive.bound == 10
