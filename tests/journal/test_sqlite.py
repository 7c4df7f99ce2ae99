"""The journal in a file does what every store has to do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.journal import conformance, conformance_upkeep
from tests.journal.conformance import CHECKS, Check
from tests.journal.conformance_deciding import DECIDING_CHECKS
from tests.journal.conformance_lists import LIST_CHECKS
from tests.journal.conformance_upkeep import UPKEEP_CHECKS
from tests.journal.machine import machine
from wallet_async.journal.sqlite import SqliteStore, pruning, rows


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = await SqliteStore.open(tmp_path / "journal.db")
    yield opened
    await opened.aclose()


@pytest.mark.parametrize(
    "check", CHECKS + LIST_CHECKS + UPKEEP_CHECKS + DECIDING_CHECKS, ids=lambda check: check.__name__
)
async def test_it_does_what_every_store_does(check: Check, store: SqliteStore) -> None:
    """Each check of the conformance suite holds."""
    await check(store)


SABOTAGES: dict[str, tuple[tuple[ModuleType, str, str, str], Check]] = {
    "record without the owner": (
        (rows, "_RECORD", "AND owner = ?", "AND ? IS NOT NULL"),
        conformance.check_record_only_of_ones_own_attempt,
    ),
    "record without the time": (
        (rows, "_RECORD", "AND sent_at = ?", "AND ? IS NOT NULL"),
        conformance.check_record_only_of_ones_own_attempt,
    ),
    "stale too early": (
        (pruning, "_STALE", "updated_at < ?", "updated_at <= ?"),
        conformance_upkeep.check_what_is_stale,
    ),
    "stale again and again": (
        (pruning, "_STALE", "AND (state <> 'applied' OR movement <> '')", ""),
        conformance_upkeep.check_pruning,
    ),
    "removed without the attempt": (
        (pruning, "_REMOVE", "AND attempt = ?", "AND ? IS NOT NULL"),
        conformance_upkeep.check_pruning_only_what_still_is_the_same,
    ),
    "removed without the state": (
        (pruning, "_REMOVE", "AND state = ?", "AND ? IS NOT NULL"),
        conformance_upkeep.check_pruning_only_what_still_is_the_same,
    ),
}
"""What is changed in a statement, and the check that has to notice."""


@pytest.mark.parametrize("sabotage", SABOTAGES)
async def test_the_checks_notice(sabotage: str, store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sabotaged twins: each condition of a statement left out turns a check red."""
    (module, name, condition, instead), check = SABOTAGES[sabotage]
    statement: str = getattr(module, name)
    assert condition in statement
    monkeypatch.setattr(module, name, statement.replace(condition, instead))
    with pytest.raises(AssertionError):
        await check(store)


def test_it_answers_like_a_dict(tmp_path: Path) -> None:
    """Whatever is asked in whatever order, a file and a dict give the same answers."""
    with asyncio.Runner() as runner:
        opened = runner.run(SqliteStore.open(tmp_path / "journal.db"))
        try:
            run_state_machine_as_test(
                machine(runner.run, opened), settings=settings(max_examples=40, stateful_step_count=30, deadline=None)
            )
        finally:
            runner.run(opened.aclose())
