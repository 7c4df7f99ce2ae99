"""Pages that come in bursts do not start the garbage collector: as many objects go as come."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from wallet_async.engine.ahead import Surroundings
from wallet_async.engine.bulk import Bulk
from wallet_async.engine.pager import Pager
from wallet_async.engine.report import Reporter
from wallet_async.engine.runs import Runs
from wallet_async.engine.walk import Checkpoint, Paging

from .virtual import run

WALLETS = 2_000
REPORTER = Reporter("engine_tests", None)
PAGING: Paging[list[str]] = Paging("rows", 20, key=lambda row: row[0], moment=lambda _: datetime.now(UTC))


def history(wallet: int) -> Pager[list[str]]:
    """Give a history of 19 rows, each an object that the collector looks at."""

    async def fetch(page: int) -> Sequence[list[str]]:
        await asyncio.sleep(1)  # fifty at a time wake up in the same moment
        return [[f"{wallet} {page} {number}"] for number in range(19)]

    return Pager(fetch, PAGING, Checkpoint(1), lambda: Surroundings(REPORTER, lambda _: None, lambda: 0))


def collections() -> int:
    """Scan wallets; gives how often the collector ran."""
    begun = 0

    def note(phase: str, _: dict[str, Any]) -> None:
        nonlocal begun
        begun += phase == "start"

    async def main() -> None:
        seen = 0
        async for result in Runs(REPORTER).scan(range(WALLETS), history, 50, None):
            seen += len(result.value)  # type: ignore[union-attr]
        assert seen == 19 * WALLETS

    threshold = gc.get_threshold()
    gc.collect()
    gc.callbacks.append(note)
    gc.set_threshold(700, 10, 10)  # Python 3.13 begins with 2,000, for which it takes larger bursts
    try:
        run(main(), debug=False)
    finally:
        gc.callbacks.remove(note)
        gc.set_threshold(*threshold)
    return begun


def test_a_scan_hardly_starts_the_collector() -> None:
    """2,000 wallets in bursts of fifty: it runs as the scan begins, and hardly again."""
    assert collections() <= 8


class Forgetful(dict[Any, Any]):
    """Keeps nothing."""

    def __setitem__(self, key: object, value: object) -> None:
        pass


def test_twin_without_what_the_workers_keep_every_burst_starts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a page goes as soon as it was read, fifty new ones are fifty too many, again and again."""
    make = Bulk.__init__

    def forgetful(bulk: Bulk[Any, Any], *words: Any, **options: Any) -> None:
        make(bulk, *words, **options)
        bulk._kept = Forgetful()

    monkeypatch.setattr(Bulk, "__init__", forgetful)
    assert collections() > 30
