"""Bins, steps and ticks: every value has its place, and there are never too many."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reconcile.report.made import made, many
from wallet_async.reconcile.report.axes import STEPS, edges, step, ticks
from wallet_async.reconcile.report.charts import over_time
from wallet_async.reconcile.report.figures import opened
from wallet_async.reconcile.report.spread import amounts, days

AMOUNTS = st.decimals("0.000000000001", "99999999999999999999999999", places=12)


@given(AMOUNTS, AMOUNTS)
def test_every_amount_has_one_bin(one: Decimal, other: Decimal) -> None:
    """The bins reach from the least to the most, without a gap, and are few."""
    least, most = sorted((one, other))
    found = edges(least, most)
    assert found[0] <= least < found[1]
    assert found[-2] <= most < found[-1]
    assert found == sorted(set(found))
    assert len(found) <= 40


@given(st.integers(0, 10**9))
def test_ticks_are_few_and_reach_the_top(most: int) -> None:
    """An axis has two to six ticks, from 0 to the highest bar or a little beyond."""
    found = ticks(most)
    assert found[0] == 0
    assert found[-1] >= max(most, 1)
    assert 2 <= len(found) <= 6


@given(st.datetimes(), st.datetimes())
def test_bars_are_few(one: datetime, other: datetime) -> None:
    """Whatever the times are, a chart has at most about a hundred bars."""
    first, last = sorted((one, other))
    assert (last - first).days / dict(STEPS)[step(first, last)] < 100


@pytest.mark.parametrize(
    ("length", "unit"),
    [
        (timedelta(), "day"),
        (timedelta(days=90), "day"),
        (timedelta(days=365), "week"),
        (timedelta(days=3000), "month"),
        (timedelta(days=20_000), "year"),
        (timedelta(days=700_000), "century"),
    ],
)
def test_no_difference_is_lost_on_the_way_to_a_bar(tmp_path: Path, length: timedelta, unit: str) -> None:
    """The bars hold every difference that has a time, and the rest is counted."""
    first = datetime(1, 2, 3) if length.days > 100_000 else datetime(2024, 2, 29)
    times = [first, first + length / 3, first + length, None]
    rows = [
        {"class": "missing_in_ledger", "wallet": "w", "amount": Decimal(1), "created_at": at, "reference": str(place)}
        for place, at in enumerate(times)
    ]
    with opened(made(tmp_path / "state", rows).differences, tmp_path / "spill") as connection:
        chart = over_time(days(connection))
    assert chart.step == unit
    assert sum(bar.total for bar in chart.bars) == 3
    assert chart.undated == 1
    assert len(chart.bars) <= 101
    assert all(0 <= block.y <= 100 for bar in chart.bars for block in bar.blocks)


def test_no_difference_is_lost_on_the_way_to_a_bin(tmp_path: Path) -> None:
    """The bins hold every difference with something at stake, and the rest is counted."""
    with opened(many(tmp_path / "state", 5000).differences, tmp_path / "spill") as connection:
        found = amounts(connection)
    assert sum(number for _, _, number in found.bins) + found.without == 5000
    assert found.without >= 1000  # times and balances have nothing at stake that is known
