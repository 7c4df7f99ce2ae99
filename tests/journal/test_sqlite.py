"""The journal in a file does what every store has to do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.journal.conformance import CHECKS, Check
from tests.journal.machine import machine
from wallet_async.journal.sqlite import SqliteStore


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = await SqliteStore.open(tmp_path / "journal.db")
    yield opened
    await opened.aclose()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_it_does_what_every_store_does(check: Check, store: SqliteStore) -> None:
    """Each check of the conformance suite holds."""
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
