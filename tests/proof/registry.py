"""The two tables, read and checked: every row of the matrix is there, and every test that is named exists."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import attrs

HERE = Path(__file__).parent
TESTS = HERE.parent
NUMBERS = range(1, 72)
"""Rows of the fault matrix."""
COLUMNS = {"bare": "no journal", "memory": "the journal's logic", "file": "SQLite", "server": "PostgreSQL"}
MISSING = "missing"
_NAME = re.compile(r"(?P<file>[\w/]+\.py)::(?P<function>\w+)(\[(?P<part>.+)\])?")

Tests = tuple["Test", ...]


@attrs.frozen
class Test:
    """Some cases of one test function."""

    __test__ = False  # to pytest

    file: str
    """Below tests/."""
    function: str
    part: str | None = None
    """What begins a word of the ids that are meant; None: all of them."""

    @property
    def node(self) -> str:
        """What pytest calls all cases of the function."""
        return f"tests/{self.file}::{self.function}"

    def __str__(self) -> str:
        return self.node if self.part is None else f"{self.node}[{self.part}]"

    def means(self, node: str) -> bool:
        """Whether it is one of these cases that pytest calls *node*."""
        name, _, case = node.partition("[")
        return name == self.node and (self.part is None or re.search(rf"(^|-){re.escape(self.part)}", case) is not None)


@attrs.frozen(kw_only=True)
class Row:
    """A row of the fault matrix."""

    number: int
    fault: str
    claim: str
    """What a correct client says."""
    columns: dict[str, Tests | str]
    """By one of `COLUMNS`: what proves it there, or why nothing has to."""
    ours: bool = True
    """Whether this library can do anything about it."""

    def tests(self) -> Iterator[Test]:
        """Give all of its tests."""
        for column in self.columns.values():
            yield from () if isinstance(column, str) else column


@attrs.frozen(kw_only=True)
class Sabotage:
    """A way to break the library, and what notices."""

    name: str
    red: Tests
    """Tests that fail where the library is broken so."""
    twins: Tests | str
    """Tests that break it so, and assert that the same check fails."""

    def tests(self) -> Iterator[Test]:
        """Give all of its tests."""
        yield from self.red
        yield from () if isinstance(self.twins, str) else self.twins


def rows() -> list[Row]:
    """Read the matrix."""
    table = tomllib.loads((HERE / "rows.toml").read_text(encoding="utf-8"))
    usual = table.pop("usual")
    return [_row(int(number), value, usual) for number, value in table.items()]


def _row(number: int, value: dict[str, Any], usual: dict[str, list[str]]) -> Row:
    columns = {name: value.get(name) or _usual(usual, name, number) for name in COLUMNS}
    read = {name: column if isinstance(column, str) else _tests(column) for name, column in columns.items() if column}
    return Row(number=number, fault=value["fault"], claim=value["claim"], columns=read, ours=value.get("ours", True))


def _usual(usual: dict[str, list[str]], name: str, number: int) -> list[str]:
    return [test.format(number=number) for test in usual.get(name, [])]


def sabotages() -> list[Sabotage]:
    """Read the sabotages."""
    table = tomllib.loads((HERE / "sabotages.toml").read_text(encoding="utf-8"))
    return [
        Sabotage(
            name=value["name"],
            red=_tests(value["red"]),
            twins=value["twins"] if isinstance(value["twins"], str) else _tests(value["twins"]),
        )
        for value in table["sabotage"]
    ]


def _tests(names: Iterable[str]) -> Tests:
    found = [(name, _NAME.fullmatch(name)) for name in names]
    wrong = [name for name, match in found if match is None]
    assert not wrong, f"no names of tests: {wrong}"
    return tuple(Test(match["file"], match["function"], match["part"]) for _, match in found if match)


def wrong(matrix: Iterable[Row], broken: Iterable[Sabotage]) -> list[str]:
    """Say what is wrong with the two tables; nothing, if all is well."""
    matrix, broken = list(matrix), list(broken)
    there = {row.number for row in matrix}
    found = [f"row {number} is not there" for number in NUMBERS if number not in there]
    found += [f"row {row.number} has no test" for row in matrix if row.ours and not any(row.tests())]
    found += [f"{one.name}: no test turns red" for one in broken if not one.red]
    named = {test for entry in (*matrix, *broken) for test in entry.tests()}
    return found + sorted(f"there is no {test.node}" for test in named if not is_there(test))


def is_there(test: Test) -> bool:
    """Whether its file has such a function."""
    return test.function in _functions(test.file)


@cache
def _functions(file: str) -> set[str]:
    path = TESTS / file
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return set(re.findall(r"^(?:async )?def (test_\w+)\(", text, re.MULTILINE))
