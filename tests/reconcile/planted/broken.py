"""``wallet-async``, broken in one way: ``python -m … WAY ARGUMENTS``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

from attrs import evolve

from loyalty_async.provider import LoyaltyProvider
from wallet_async.cli import main
from wallet_async.reconcile import run, running


def _forgets_a_shard() -> None:
    """What goes on takes one chunk more for read than was."""
    own = run.work_of

    def work_of(*arguments: Any) -> Any:
        work = own(*arguments)
        return evolve(work, chunks=islice(work.chunks, 1, None)) if work.done else work

    run.work_of = work_of


def _keeps_half_a_shard() -> None:
    """A shard is written before all of its wallets have been read."""
    own = running.read_chunk

    async def read_chunk(session: Any, provider: Any, chunk: Any, job: Any, **options: Any) -> None:
        half = evolve(chunk, wallets=chunk.wallets[: len(chunk.wallets) // 2])
        await own(session, provider, half, job, **options)
        await own(session, provider, chunk, job, **options)

    running.read_chunk = read_chunk


def _ignores_marks() -> None:
    """What a row shows of a reference is not looked at."""
    own = LoyaltyProvider.row

    def row(provider: LoyaltyProvider, transaction: Any) -> Any:
        return evolve(own(provider, transaction), mark=None)

    LoyaltyProvider.row = row  # type: ignore[method-assign]


_WAYS: Mapping[str, Callable[[], None]] = {
    "forgets a shard": _forgets_a_shard,
    "keeps half a shard": _keeps_half_a_shard,
    "ignores marks": _ignores_marks,
}

if __name__ == "__main__":
    _WAYS[sys.argv.pop(1)]()
    sys.exit(main())
