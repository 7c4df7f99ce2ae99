"""What the long run came to, as a page for `docs/`."""

from __future__ import annotations

import os
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.metadata import version

from attrs import frozen

from tests.reconcile.planted.checks import MOST, Run
from tests.reconcile.planted.driving import Stage
from tests.reconcile.planted.filling import planted_in
from wallet_async.reconcile.model import CLASSES


@frozen(kw_only=True)
class Figures:
    """What one provider's world came to."""

    provider: str
    counts: Mapping[str, str]
    """By what is counted, in the order of the page."""
    differences: Counter[str]
    """By class."""
    notes: int

    @classmethod
    def of(cls, stage: Stage, whole: Run, killed: Run) -> Figures:
        """Gather them, of what was found as it was planted."""
        planted = planted_in(stage.files)
        with stage.files.ledger.open("rb") as ledger:
            lines = sum(1 for _ in ledger) - 1
        sessions = [whole.ended, *killed.killed, killed.ended]
        counts = {
            "lines of the ledger": f"{lines:,}",
            "rows at the provider": f"{stage.rows:,}",
            "requests": f"{whole.requests:,}",
            "seconds, undisturbed": f"{whole.ended.seconds:.0f}",
            "requests a second, over all of it": f"{whole.requests / whole.ended.seconds:,.0f}",
            f"memory at most, of {MOST} MB": f"{max(ended.memory for ended in sessions)} MB",
            f"chunks of {len(killed.folder.shards)} read when it was killed -9": ", ".join(map(str, killed.read)),
            "requests of the session after the last kill": f"{killed.requests:,}",
        }
        return cls(
            provider=stage.world.provider,
            counts=counts,
            differences=Counter(kind for severity, kind, *_ in planted if severity == "difference"),
            notes=sum(severity == "note" for severity, *_ in planted),
        )


def written(wallets: int, seed: int, figures: Sequence[Figures]) -> str:
    """Write the page."""
    head = ["", *(one.provider for one in figures)]
    lines = [
        "# Reconciled: every planted difference, none invented",
        "",
        f"Written by `nox -s reconcile`; `python -m tests.reconcile.planted {wallets} {seed}` makes the same again.",
        f"{wallets:,} wallets of each provider, their histories in its sandbox, which is a process on a real socket;",
        "`wallet-async reconcile` is a process, too. What it found was held against what was planted, one by one:",
        "class, wallet, line of the ledger, transaction id. Then the same run was killed three times with SIGKILL,",
        "and gone on with: its differences are equal byte for byte, its report but for the block of times, and no",
        "chunk that had been read was read again.",
        "",
        *_table(head, [[name, *(one.counts[name] for one in figures)] for name in figures[0].counts]),
        "",
        "## Planted, and found under its class",
        "",
        *_table(head, [[kind, *(f"{one.differences[kind]:,}" for one in figures)] for kind in CLASSES]),
        f"| **all** | {' | '.join(f'{one.differences.total():,}' for one in figures)} |",
        "",
        "Not found or invented: 0. Beside them notes on rows that are alike and were paired in order of time: "
        + ", ".join(f"{one.notes:,}" for one in figures)
        + ", each as planted.",
        "",
        f"{os.cpu_count()} cores, Python {platform.python_version()}, DuckDB {version('duckdb')}, "
        f"aiohttp {version('aiohttp')}; the sandbox takes its share of them.",
        "",
    ]
    return "\n".join(lines)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    rule = ["---", *["---:"] * (len(head) - 1)]
    return [f"| {' | '.join(cells)} |" for cells in (head, rule, *rows)]
