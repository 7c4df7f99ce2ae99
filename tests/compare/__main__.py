"""Runs the comparison and writes docs/compared.md: ``python -m tests.compare [--references 5000] [--seed N]``."""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
import time
from pathlib import Path

from tests.compare.clients import NAMES
from tests.compare.faults import FAULTS, KILLED
from tests.compare.killed import against_kills
from tests.compare.page import page
from tests.compare.run import against_all
from tests.compare.tally import Tally

PAGE = Path(__file__).parents[2] / "docs" / "compared.md"


async def compared(name: str, *, references: int, seed: int) -> dict[str, Tally]:
    """Let one client meet every fault, and the kills; references are shared out evenly."""
    each = references // (len(FAULTS) + 1)
    begun = time.monotonic()
    found = await against_all(name, references=each, seed=seed)
    rest = references - each * len(FAULTS)
    found[KILLED] = await against_kills(name, references=rest, kills=max(2, rest // 20))
    print(f"{name}: {sum(found.values(), Tally())}, {time.monotonic() - begun:.1f} s", flush=True)
    return found


async def main() -> None:
    """Run it; it fails if this library does not keep with a journal what it promises."""
    parser = argparse.ArgumentParser(prog="python -m tests.compare", description=__doc__)
    parser.add_argument("--references", type=int, default=200, help="credits asked of each client (200)")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32), help="of all faults; printed")
    asked = parser.parse_args()
    print(f"seed {asked.seed}, {asked.references} references for each client")
    found = {name: await compared(name, references=asked.references, seed=asked.seed) for name in NAMES}
    PAGE.write_text(page(found, references=asked.references, seed=asked.seed), encoding="utf-8")
    print(f"written: {PAGE.name}")
    if not sum(found["this library with a journal"].values(), Tally()).sound:
        raise SystemExit("not every reference was paid once with a journal")


if __name__ == "__main__":
    logging.disable(logging.WARNING)  # an unknown outcome is a result here
    asyncio.run(main())
