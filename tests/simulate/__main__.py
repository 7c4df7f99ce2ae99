"""The long run: `python -m tests.simulate [operations] [seed] [report]`."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from tests.simulate.episode import Total, many
from tests.simulate.report import beyond_too, written


def main(orders: int = 200_000, seed: int = 1, report: str = "docs/simulated.md") -> int:
    """Run, write the report, and say whether anything was wrong."""
    logging.getLogger().addHandler(logging.NullHandler())  # doubles are judged; they need not be printed too
    total = Total()
    for outcome in many(orders, seed):
        total.add(outcome)
        if outcome.wrong or total.episodes % 50 == 0:
            print(f"{total.orders} operations", *outcome.wrong, sep="\n  ", flush=True)
    beyond = beyond_too(orders // 20, seed)
    Path(report).write_text(written(seed, total, beyond))
    return 1 if total.wrong or beyond.wrong else 0


if __name__ == "__main__":
    arguments = sys.argv[1:]
    sys.exit(main(*map(int, arguments[:2]), *arguments[2:]))
