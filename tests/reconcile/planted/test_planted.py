"""On a ledger with planted differences of every class: each is found, none is invented, however often it is killed."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import duckdb
import pytest

from tests.reconcile.planted.checks import Run, chunk_read, compare, found_in, killed, ledger_read, undisturbed
from tests.reconcile.planted.driving import Stage, staged
from tests.reconcile.planted.filling import planted_in
from tests.reconcile.planted.world import World
from tests.reconcile.whole import whole

SEED = int(os.environ.get("PLANTED_SEED") or random.randrange(2**32))


SIZES = {"rehook": (1_000, 5_000), "loyalty": (150, 1_500)}
"""Wallets and rows: three chunks, and less than one."""


class Worlds:
    """A world of each provider, with five differences of each class; made when it is asked for."""

    def __init__(self, folder: Path, open_: ExitStack) -> None:
        print(f"PLANTED_SEED={SEED}")
        self._folder = folder
        self._open = open_
        self.stage = cache(self._stage)
        self.whole = cache(self._whole)

    def _stage(self, provider: str) -> Stage:
        folder = self._folder / provider
        folder.mkdir()
        wallets, rows = SIZES[provider]
        world = World(provider=provider, seed=SEED, wallets=wallets, rows=rows, each=5)
        return self._open.enter_context(staged(world, folder))

    def _whole(self, provider: str) -> Run:
        return undisturbed(self.stage(provider))


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worlds]:
    """Serve what is asked for while these tests run."""
    with ExitStack() as open_:
        yield Worlds(tmp_path_factory.mktemp("planted"), open_)


@pytest.mark.parametrize("provider", ["rehook", pytest.param("loyalty", marks=whole)])
def test_every_planted_difference_is_found_and_none_is_invented(worlds: Worlds, provider: str) -> None:
    """Each stands under its class with its line and its transaction; the look-alikes are not told."""
    worlds.whole(provider)


@whole
def test_a_ledger_in_parquet_gives_the_same(worlds: Worlds) -> None:
    """What was planted is found in another kind of file, whose lines are counted without a header."""
    stage = worlds.stage("loyalty")
    folder = stage.folder("parquet")
    ledger = stage.files.folder / "ledger.parquet"
    with duckdb.connect() as connection:
        connection.read_csv(str(stage.files.ledger), all_varchar=True).write_parquet(str(ledger))
    ended = stage.run(folder, ledger=ledger)
    assert ended.code == 1, ended.said
    found = [(*before, None if line is None else line + 1, row) for *before, line, row in found_in(folder)]
    compare(found, planted_in(stage.files))


@whole
def test_a_matcher_that_ignores_marks_invents_differences(worlds: Worlds) -> None:
    """Sabotaged twin: the same check fails where references count for nothing."""
    with pytest.raises(AssertionError, match="not found"):
        undisturbed(worlds.stage("loyalty"), broken="ignores marks")


def test_a_run_killed_three_times_ends_as_one_that_was_not(worlds: Worlds) -> None:
    """Differences are equal byte for byte, the report but for its times, and no chunk that was read is read again."""
    killed(worlds.stage("rehook"), worlds.whole("rehook"), [ledger_read, chunk_read, chunk_read])


@whole
@pytest.mark.parametrize("way", ["forgets a shard", "keeps half a shard"])
def test_a_run_that_takes_too_much_for_read_ends_otherwise(worlds: Worlds, way: str) -> None:
    """Sabotaged twin: the same check fails where a chunk counts as read that is not, or not whole."""
    with pytest.raises(AssertionError, match=r"other differences|wallets were compared"):
        killed(worlds.stage("rehook"), worlds.whole("rehook"), [chunk_read], broken=way)
