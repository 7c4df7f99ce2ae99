"""docs/proof.md leaves out no row of the fault matrix, no sabotage, and names no test that is not there."""

from __future__ import annotations

import attrs
import pytest

from tests.proof.__main__ import PAGE
from tests.proof.page import page, without_results
from tests.proof.registry import Row, Sabotage, Test, rows, sabotages, wrong
from tests.proof.results import Results

SABOTAGES = 16
"""As many as the project has set itself."""


def test_every_row_has_tests_that_are_there() -> None:
    """All 71 rows, all sabotages."""
    assert wrong(rows(), sabotages()) == []
    assert len(sabotages()) == SABOTAGES


def test_the_page_is_that_of_the_tables() -> None:
    """But for the results, which are those of the last run."""
    published = PAGE.read_text(encoding="utf-8")
    assert without_results(published) == without_results(page(rows(), sabotages(), Results()))


def test_a_part_begins_a_word_of_the_id() -> None:
    """Row 2 is not row 12."""
    row_2 = Test("a.py", "test_row", "2-")
    assert row_2.means("tests/a.py::test_row[rehook-2-dns-hangs]")
    assert row_2.means("tests/a.py::test_row[2-dns-hangs]")
    assert not row_2.means("tests/a.py::test_row[rehook-12-fin]")
    assert not row_2.means("tests/a.py::test_row_over[2-dns-hangs]")
    assert Test("a.py", "test_row").means("tests/a.py::test_row")


def without_row_44(matrix: list[Row]) -> list[Row]:
    return [row for row in matrix if row.number != 44]


def without_tests(matrix: list[Row]) -> list[Row]:
    return [attrs.evolve(row, columns={"bare": "why not"}) if row.number == 44 else row for row in matrix]


def without_a_function(matrix: list[Row]) -> list[Row]:
    gone = (Test("crash/test_every_call.py", "test_that_was_renamed"),)
    return [attrs.evolve(row, columns={"file": gone}) if row.number == 44 else row for row in matrix]


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (without_row_44, "row 44 is not there"),
        (without_tests, "row 44 has no test"),
        (without_a_function, "there is no tests/crash/test_every_call.py::test_that_was_renamed"),
    ],
)
def test_twin_broken_tables(broken: object, told: str) -> None:
    """A row taken out, one without a test, and a test that was renamed are found by the same check."""
    assert wrong(broken(rows()), sabotages()) == [told]


@pytest.mark.parametrize("broken", [without_row_44, without_tests, without_a_function])
def test_twin_a_page_of_other_tables(broken: object) -> None:
    """Each of these would be seen in the page, too."""
    published = PAGE.read_text(encoding="utf-8")
    assert without_results(published) != without_results(page(broken(rows()), sabotages(), Results()))


def test_twin_a_sabotage_that_nothing_notices() -> None:
    """One without a test that turns red is found, too."""
    unnoticed = Sabotage(name="money is a float", red=(), twins=())
    assert wrong(rows(), [*sabotages(), unnoticed]) == ["money is a float: no test turns red"]
