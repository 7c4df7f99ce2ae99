"""Runs the tests that prove something and writes docs/proof.md; ``MATRIX_WHOLE=1`` for every cell of the matrix."""

from __future__ import annotations

import sys

from tests.proof.page import page
from tests.proof.registry import TESTS, is_there, rows, sabotages, wrong
from tests.proof.results import run

PAGE = TESTS.parent / "docs" / "proof.md"


def main() -> int:
    """Run, write, and give the exit code: whether all that is named is there and nothing failed."""
    matrix, broken = rows(), sabotages()
    named = [test for entry in (*matrix, *broken) for test in entry.tests()]
    results = run(filter(is_there, named))
    PAGE.write_text(page(matrix, broken, results), encoding="utf-8")
    bad = wrong(matrix, broken)
    bad += [f"{test} has no case" for test in named if not results.of(test)]
    bad += [f"failed: {node}" for node, outcome in results.outcomes.items() if outcome == "failed"]
    print(*bad, f"written: {PAGE.name}", sep="\n")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
