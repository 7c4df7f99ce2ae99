"""What a long run has seen, gathered by its tests and kept as a page: ``python -m tests.crash.figures FILE``."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

_FILE = "CRASH_FIGURES"
"""The environment variable that names the file to add to."""
_PAGE = """# Crashed on purpose

Written by `nox -s crash` (reliability: G5, G6, G7, G10). Every row ends with the comparison of all references with the
provider's own ledger: each booked once, every receipt true. None was lost and none was doubled, else there were no row.
"""


def tell(table: str, **row: Any) -> None:
    """Print a row, and keep it where the run keeps its figures."""
    print(table, row)
    if name := os.environ.get(_FILE):
        with Path(name).open("a") as file:
            file.write(json.dumps([table, row]) + "\n")


def page(lines: list[str]) -> str:
    """Make the page of what was told."""
    tables: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        table, row = json.loads(line)
        tables.setdefault(table, []).append(row)
    return _PAGE + "".join(
        f"\n## {name[0].upper()}{name[1:]}\n\n{_table(rows)}" for name, rows in sorted(tables.items())
    )


def _table(rows: list[dict[str, Any]]) -> str:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    total = {name: sum(row.get(name, 0) for row in rows) for name in columns if _counts(rows, name)}
    lines = [columns, ["---"] * len(columns), *([row.get(name, "") for name in columns] for row in rows)]
    if len(rows) > 1:
        lines.append([total.get(name, "**all**" if name == columns[0] else "") for name in columns])
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def _counts(rows: list[dict[str, Any]], name: str) -> bool:
    return name != "seed" and all(isinstance(row.get(name, 0), int) for row in rows)


if __name__ == "__main__":
    print(page(Path(sys.argv[1]).read_text().splitlines()), end="")
