"""The long run: ``python -m tests.reconcile.planted [wallets] [seed] [page]``; each has ten rows."""

from __future__ import annotations

import random
import sys
import tempfile
from functools import partial
from pathlib import Path

from tests.reconcile.planted.checks import chunks_read, killed, undisturbed
from tests.reconcile.planted.driving import staged
from tests.reconcile.planted.page import Figures, written
from tests.reconcile.planted.world import World

_KILLS = 3


def main(wallets: int = 100_000, seed: int | None = None, page: str = "docs/reconciled.md") -> None:
    """Run both providers' worlds, undisturbed and killed three times, and write the page."""
    seed = random.randrange(2**32) if seed is None else seed
    print(f"seed {seed}", flush=True)
    figures = [_figures(provider, wallets, seed) for provider in ("rehook", "loyalty")]
    Path(page).write_text(written(wallets, seed, figures), encoding="utf-8")


def _figures(provider: str, wallets: int, seed: int) -> Figures:
    world = World(provider=provider, seed=seed, wallets=wallets, rows=10 * wallets, each=wallets // 100)
    with tempfile.TemporaryDirectory() as folder, staged(world, Path(folder)) as stage:
        whole = undisturbed(stage)
        print(provider, whole.ended, flush=True)
        dice = random.Random(seed)
        counts = sorted(dice.randint(0, len(whole.folder.shards)) for _ in range(_KILLS))
        last = killed(stage, whole, [partial(chunks_read, count, dice.uniform(0, 1)) for count in counts])
        print(provider, last.ended, flush=True)
        return Figures.of(stage, whole, last)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main(*map(int, arguments[:2]), *arguments[2:])
