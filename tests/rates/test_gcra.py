"""Where cells lie, and when a request is in its own: the arithmetic, and what follows for any second."""

from __future__ import annotations

import pytest

from wallet_async.engine.errors import InvalidInputError
from wallet_async.rates.gcra import LATE, Cell, spacing

from .world import most


@pytest.mark.parametrize(
    ("per_second", "microseconds"),
    [
        (1, 1_020_000),
        (200, 5_100),
        (200.0, 5_100),
        (0.5, 2_040_000),
        (0.001, 1_020_000_000),
        (100_000, 11),
        (3, 340_000),
    ],
)
def test_spacing(per_second: float, microseconds: int) -> None:
    """Cells are further apart than the rate asks for by the share that one may be late, rounded up."""
    assert microseconds <= spacing(per_second) <= microseconds + 1


@pytest.mark.parametrize("wrong", [0, -1, 0.0001, 100_001, float("nan"), float("inf"), True, "200", None])
def test_a_rate_that_is_none(wrong: object) -> None:
    """What is no rate is refused, with what is expected."""
    with pytest.raises(InvalidInputError, match=r"per_second must be a number from 0\.001 to 100,000, not"):
        spacing(wrong)


@pytest.mark.parametrize(
    ("ahead", "took", "opens", "closes"),
    [
        (0.5, 0.001, 10.501, 10.52),
        (0.0, 0.0, 10.0, 10.02),
        (0.5, 0.021, 10.521, 10.52),  # too slow an answer: missed before it opens
        (-0.001, 0.002, 10.001, 10.019),  # the store read its clock once more for the answer
    ],
)
def test_a_cell(ahead: float, took: float, opens: float, closes: float) -> None:
    """It opens counted from hearing, and closes counted from asking."""
    cell = Cell(10.0, 10.0 + took, ahead)
    assert cell.opens == pytest.approx(opens)
    assert cell.closes == pytest.approx(closes)


@pytest.mark.parametrize("per_second", [1, 2, 10, 19, 200, 333, 5000])
def test_the_worst_second(per_second: int) -> None:
    """The first leave as late as they may, the others as early: still a second holds no more than the rate."""
    step = spacing(per_second) / 1_000_000
    assert most(max(LATE, number * step) for number in range(2 * per_second)) == per_second


def test_the_worst_second_of_the_bare_rate() -> None:
    """Sabotaged twin: with cells at the bare rate the same row holds more."""
    assert most(max(LATE, number / 200) for number in range(400)) > 200
