"""The tests that are named, run once, and what came of each case."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import attrs
import pytest

from tests.proof.registry import Test

Outcome = Literal["passed", "failed", "skipped"]


@attrs.define(eq=False)  # pytest keeps its plugins in a set
class Results:
    """What came of every case, by pytest's name for it."""

    outcomes: dict[str, Outcome] = attrs.field(factory=dict)

    def of(self, test: Test) -> list[Outcome]:
        """Give what came of the cases that *test* means."""
        return [outcome for node, outcome in self.outcomes.items() if test.means(node)]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the worst of setup, call and teardown."""
        if report.failed:
            self.outcomes[report.nodeid] = "failed"
        elif report.skipped:
            self.outcomes.setdefault(report.nodeid, "skipped")
        elif report.when == "call":
            self.outcomes.setdefault(report.nodeid, "passed")


def run(tests: Iterable[Test]) -> Results:
    """Run all cases of the functions of *tests*, each once.

    Raises:
        SystemExit: They could not be run to the end.
    """
    results = Results()
    code = pytest.main(["-q", *sorted({test.node for test in tests})], plugins=[results])
    if code not in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
        raise SystemExit(int(code))
    return results
