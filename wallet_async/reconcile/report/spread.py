"""How the differences are spread: over time, over amounts, over wallets; read from their file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from operator import itemgetter
from typing import TYPE_CHECKING

from attrs import frozen

from wallet_async.reconcile.model import Class
from wallet_async.reconcile.report.axes import edges, step
from wallet_async.reconcile.report.figures import Money, single, sums

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_LISTED = 25
"""Wallets that are named."""


@frozen(kw_only=True)
class Days:
    """Differences over time."""

    step: str
    """What each bar stands for: ``day``, ``week`` …"""
    bars: Sequence[tuple[datetime, Mapping[Class, int]]]
    """When it begins and its differences by class; those without any are there, too."""
    undated: int
    """Differences without a time."""


@frozen(kw_only=True)
class Amounts:
    """Differences by the amount at stake."""

    bins: Sequence[tuple[Decimal, Decimal, int]]
    """From, to below, and how many."""
    without: int
    """Differences with nothing at stake, or with an amount that is not known."""


@frozen(kw_only=True)
class WalletFigures:
    """One wallet that differs."""

    wallet: str
    rows: int
    classes: Sequence[Class]
    stakes: Money


def days(connection: DuckDBPyConnection) -> Days:
    """Read how many differences there are over time."""
    first, last, undated = connection.execute(
        "SELECT min(day), max(day), count(*) - count(day) FROM difference"
    ).fetchall()[0]
    if first is None:
        return Days(step="day", bars=(), undated=undated)
    unit = step(first, last)
    # A week or a century may have begun before the first year that Python knows.
    begin = f"greatest(CAST(date_trunc('{unit}', {{}}) AS TIMESTAMP), TIMESTAMP '0001-01-01')"
    counted: defaultdict[datetime, dict[Class, int]] = defaultdict(dict)
    for begun, name, number in connection.execute(
        f"SELECT {begin.format('day')} AS begun, class, count(*) FROM difference WHERE day IS NOT NULL GROUP BY ALL"
    ).fetchall():
        counted[begun][name] = number
    series = f"generate_series(date_trunc('{unit}', ?::TIMESTAMP), ?::TIMESTAMP, INTERVAL 1 {unit})"
    steps = connection.execute(f"SELECT {begin.format('one')} FROM (SELECT unnest({series}) AS one)", [first, last])
    bars = [(begun, counted.get(begun, {})) for (begun,) in steps.fetchall()]
    return Days(step=unit, bars=sorted(bars, key=itemgetter(0)), undated=undated)


def amounts(connection: DuckDBPyConnection) -> Amounts:
    """Read how many differences there are of which amount at stake."""
    least, most, total = connection.execute(
        "SELECT min(stake), max(stake), count(*) FROM difference WHERE stake > 0"
    ).fetchall()[0]
    without = single(connection, "SELECT count(*) FROM difference") - total
    if not total:
        return Amounts(bins=(), without=without)
    borders = edges(least, most)
    # How many lie at or above each border; the last one is above all of them, and may be beyond what the type holds.
    columns = ", ".join(f"count(*) FILTER (stake >= {border:f})" for border in borders[:-1])
    above = (*connection.execute(f"SELECT {columns} FROM difference").fetchall()[0], 0)
    bins = [
        (low, high, reached - beyond)
        for (low, high), (reached, beyond) in zip(pairwise(borders), pairwise(above), strict=True)
    ]
    return Amounts(bins=bins, without=without)


def worst(connection: DuckDBPyConnection) -> Sequence[WalletFigures]:
    """Read which wallets have the most differences."""
    connection.execute(
        "CREATE TEMP TABLE worst AS SELECT wallet, count(*) AS number, list(DISTINCT class) AS classes, "
        f"sum(stake) AS stake FROM difference GROUP BY wallet ORDER BY number DESC, stake DESC NULLS LAST, wallet "
        f"LIMIT {_LISTED}"
    )
    stakes = sums(
        connection,
        "SELECT wallet, currency, sum(stake) FROM difference SEMI JOIN worst USING (wallet) GROUP BY ALL ORDER BY ALL",
    )
    return [
        WalletFigures(wallet=wallet, rows=number, classes=sorted(classes), stakes=stakes[wallet])
        for wallet, number, classes in connection.execute(
            "SELECT wallet, number, classes FROM worst ORDER BY number DESC, stake DESC NULLS LAST, wallet"
        ).fetchall()
    ]
