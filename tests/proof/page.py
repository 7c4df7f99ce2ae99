"""docs/proof.md: the tables with their tests, and what came of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from tests.proof.registry import COLUMNS, MISSING, Row, Sabotage, Test, Tests
from tests.proof.results import Results

_PAGE = """\
# Proof

Which test proves what. The first table is the fault matrix: everything that can go wrong with one credit or debit, what
a correct client says of it, and the tests that hold this one to it. NOT_SENT, REJECTED and DONE are definite, UNKNOWN
is in doubt. Each test runs for both providers where it can; rows 12 to 30 also run over the caller's own
`aiohttp.ClientSession`. The number after a test is how many of its cases passed in the last run.

`nox -s proof` runs all of them, with every cell of the matrix, and writes this page; the tests check that it names
nothing that is not there. {total}

## The fault matrix

| | fault | the client says | {columns} |
|--:|---|---|{dashes}|
{rows}

## Sabotages

What has to turn a test red, the test, and its twin: the same check on a library that is broken so, asserted to fail.

| sabotage | turns red | twin |
|---|---|---|
{sabotages}
"""


def page(matrix: Sequence[Row], broken: Sequence[Sabotage], results: Results) -> str:
    """Write the page."""
    return _PAGE.format(
        total=_total(results),
        columns=" | ".join(COLUMNS.values()),
        dashes="---|" * (len(COLUMNS) - 1) + "---",
        rows="\n".join(_row(row, results) for row in matrix),
        sabotages="\n".join(_sabotage(one, results) for one in broken),
    )


def without_results(text: str) -> str:
    """Take out of a page what another run would change."""
    return re.sub(r" × [\w/-]+|Last run: .*", "", text)


def _total(results: Results) -> str:
    counts = Counter(results.outcomes.values())
    told = ", ".join(f"{counts[outcome]:,} {outcome}" for outcome in ("passed", "failed", "skipped") if counts[outcome])
    return f"Last run: {datetime.now(UTC).date()}, cases: {told or 'none'}."


def _row(row: Row, results: Results) -> str:
    cells = [_cell(row.columns.get(name, ""), results) for name in COLUMNS]
    return f"| {row.number} | {row.fault} | {row.claim} | {' | '.join(cells)} |"


def _sabotage(one: Sabotage, results: Results) -> str:
    return f"| {one.name} | {_cell(one.red, results)} | {_cell(one.twins, results)} |"


def _cell(what: Tests | str, results: Results) -> str:
    if isinstance(what, str):
        return f"**{MISSING}**" if what == MISSING else f"*{what}*" if what else ""
    return "<br>".join(_test(test, results) for test in what)


def _test(test: Test, results: Results) -> str:
    counts = Counter(results.of(test))
    told = f"{counts['passed']}" + "".join(f"/{counts[bad]}-{bad}" for bad in ("failed", "skipped") if counts[bad])
    return f"[{test.function.removeprefix('test_')}](../tests/{test.file}) × {told}"
