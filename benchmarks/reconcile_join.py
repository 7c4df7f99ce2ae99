"""``python -m benchmarks.reconcile_join``: a ledger against histories, a million rows and ten, and planted differences.

Both sides are made by DuckDB: the ledger in the order of its times, the histories in shards of 500 wallets, as a run
leaves them. Half of the lines have an id, three tenths a reference, two tenths neither. Each class of difference is
planted a thousand times. The comparison runs in a process of its own, whose memory is measured as a whole.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

import duckdb
from attrs import frozen

from benchmarks import machine
from wallet_async.provider import load_provider
from wallet_async.reconcile.matching import Sides, match
from wallet_async.reconcile.model import CLASSES, Rules

_RESULTS = Path(__file__).parent / "results"
_EACH = 1_000
"""Differences of each class."""
_SHARD = 500
"""Wallets of a shard; ten rows a wallet."""

# Row i belongs to wallet i // 10. Its last digit says what the ledger knows of it: 0-4 the id (even: the reference
# too), 5-7 the reference, 8-9 nothing; where it stands among each n / 1,000 rows says what is wrong with it.
_ROWS = """
    CREATE TEMP MACRO made(begin, stop) AS TABLE
    SELECT
        i, 'customer-' || i // 10 || chr(9) || 'waty_' || lpad(CAST(i // 10 AS VARCHAR), 21, '0') AS wallet,
        CASE i % {every}
            WHEN 13 THEN 'missing_at_provider' WHEN 25 THEN 'missing_in_ledger' WHEN 36 THEN 'amount_differs'
            WHEN 42 THEN 'kind_differs' WHEN 54 THEN 'time_differs' WHEN 66 THEN 'duplicated_at_provider'
            WHEN 75 THEN 'duplicated_in_ledger' WHEN 84 THEN 'ambiguous' WHEN 98 THEN 'unreadable_row'
            WHEN 110 THEN 'balance_differs'
        END AS class,
        CASE WHEN hash(i) % 4 = 0 THEN 'debit' ELSE 'credit' END AS kind,
        CAST((1 + hash(i) % 500000) * 0.01 AS DECIMAL(38, 12)) AS amount,
        TIMESTAMP '2026-01-01' + to_hours(CAST(i % 10 * 70 AS INTEGER)) + to_seconds(hash(i) % 200000) AS created_at,
        'trhi_' || lpad(CAST(i AS VARCHAR), 21, '0') AS transaction_id,
        CASE WHEN i % 10 IN (0, 2, 4, 5, 6, 7) THEN 'order-' || i END AS reference,
        upper(left(md5(reference), 26)) AS mark
    FROM range(begin, stop) AS numbers(i)
"""
_LEDGER = """
    COPY (
        SELECT
            line, wallet, CASE WHEN readable THEN kind END AS kind, CASE WHEN readable THEN amount END AS amount,
            CASE WHEN readable THEN created_at END AS created_at,
            CASE WHEN i % 10 < 5 THEN CASE class WHEN 'ambiguous' THEN 'absent-' || i ELSE transaction_id END END
                AS transaction_id,
            reference, mark, NULL::VARCHAR AS currency, CASE WHEN NOT readable THEN 'amount is no number' END AS problem
        FROM (
            -- In the order of time rows of one wallet lie far apart.
            SELECT 2 + (i * 7919) % {rows} AS line, *, class IS DISTINCT FROM 'unreadable_row' AS readable
            FROM made(0, {rows}) WHERE class IS DISTINCT FROM 'missing_in_ledger'
            UNION ALL
            SELECT 2 + {rows} + i, *, true FROM made(0, {rows}) WHERE class = 'duplicated_in_ledger'
        )
        ORDER BY line
    ) TO '{path}' (FORMAT parquet, COMPRESSION zstd)
"""
_HISTORY = """
    COPY (
        WITH booked AS (
            SELECT
                wallet, transaction_id,
                CASE WHEN (class IS NOT DISTINCT FROM 'kind_differs') = (kind = 'debit') THEN 'credit' ELSE 'debit' END
                    AS kind,
                amount + CASE class WHEN 'amount_differs' THEN 1 ELSE 0 END AS amount,
                created_at + CASE class WHEN 'time_differs' THEN INTERVAL 5 HOUR ELSE INTERVAL 20 SECOND END
                    AS created_at,
                mark
            FROM made({begin}, {stop}) WHERE class IS NULL OR class NOT IN ('missing_at_provider', 'unreadable_row')
            UNION ALL
            SELECT wallet, 'again-' || i, kind, amount, created_at + INTERVAL 1 MINUTE, mark
            FROM made({begin}, {stop}) WHERE class = 'duplicated_at_provider'
        ),
        told AS (
            SELECT
                wallet, sum(CASE kind WHEN 'credit' THEN amount ELSE -amount END) + CAST(wallet IN (
                    SELECT wallet FROM made({begin}, {stop}) WHERE class = 'balance_differs'
                ) AS INTEGER) AS balance,
                true AS known, count(*) AS rows, 2 AS requests
            FROM booked GROUP BY wallet
        )
        SELECT
            wallet, transaction_id, kind, CAST(amount AS DECIMAL(38, 12)) AS amount, created_at, mark,
            NULL::VARCHAR AS currency, NULL::VARCHAR AS problem, CAST(balance AS DECIMAL(38, 12)) AS balance, known,
            CAST(rows AS BIGINT) AS rows, CAST(requests AS BIGINT) AS requests, NULL::VARCHAR AS error
        FROM (FROM booked UNION ALL BY NAME FROM told)
        ORDER BY wallet, transaction_id NULLS FIRST
    ) TO '{path}' (FORMAT parquet, COMPRESSION zstd)
"""
_CHECK = """
    SELECT class, count(*) FILTER (planted), count(*) FILTER (found), count(*) FILTER (planted AND found)
    FROM (
        SELECT DISTINCT class, wallet, true AS planted FROM made(0, {rows}) WHERE class IS NOT NULL
    ) FULL JOIN (
        SELECT class, wallet, true AS found FROM '{differences}' WHERE severity = 'difference'
    ) USING (class, wallet)
    GROUP BY class
"""


@frozen(kw_only=True)
class Size:
    """What is compared, and what DuckDB may hold."""

    rows: int
    memory: str


SIZES = (Size(rows=1_000_000, memory="150MB"), Size(rows=10_000_000, memory="1500MB"))


def main() -> None:
    """Make both sides, compare them, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reconcile_join", description=__doc__)
    parser.add_argument("--rows", type=int, help="only this many, in millions")
    parser.add_argument("--out", type=Path, default=_RESULTS, help="folder for the result")
    parser.add_argument("--measure", nargs=2, metavar=("FOLDER", "MEMORY"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        json.dump(_measure(Path(options.measure[0]), options.measure[1]), sys.stdout)
        return
    page = list(_page([size for size in SIZES if options.rows in {None, size.rows // 1_000_000}]))
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / f"{datetime.now(UTC):%Y-%m-%d}-reconcile-join.md").write_text("\n".join(page) + "\n")
    print("\n".join(page))


def _page(sizes: list[Size]) -> Iterator[str]:
    yield from ("# Reconciling: the comparison of both sides", "")
    yield "| rows a side | DuckDB may hold | s | peak RSS of the process, MB | s of CPU | differences | load before |"
    yield "|---|---|---|---|---|---|---|"
    checks: list[list[tuple[str, int, int, int]]] = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as text:
            folder = Path(text)
            _make(folder, size.rows)
            load = os.getloadavg()[0]
            found = _run(folder, size.memory)
            checks.append(_check(folder, size.rows))
        rows = f"{found['ledger']:,} and {found['provider']:,}"
        figures = f"{found['seconds']:.1f} | {found['memory']} | {found['cpu']:.0f} | {found['differences']:,}"
        yield f"| {rows} | {size.memory} | {figures} | {load:.1f} |"
    for size, check in zip(sizes, checks, strict=True):
        yield from ("", f"## Planted and found, {size.rows:,} rows a side", "")
        yield from ("| class | planted | found | of them planted |", "|---|---|---|---|")
        yield from (f"| {class_} | {planted:,} | {found:,} | {both:,} |" for class_, planted, found, both in check)
    yield from ("", "## Taken on", "", "| | |", "|---|---|")
    yield from (f"| {name} | {value} |" for name, value in _taken_on().items())


def _taken_on() -> dict[str, str]:
    names = ("date", "commit", "cpu", "cores", "kernel", "libc", "python")
    described = machine.describe()
    return {name: described[name] for name in names} | {"duckdb": version("duckdb")}


def _make(folder: Path, rows: int) -> None:
    (folder / "history").mkdir()
    with duckdb.connect(config={"temp_directory": str(folder / "making"), "memory_limit": "2GB"}) as connection:
        connection.execute(_ROWS.format(every=rows // _EACH))
        connection.execute(_LEDGER.format(rows=rows, path=folder / "ledger.parquet"))
        for number, begin in enumerate(range(0, rows, 10 * _SHARD)):
            path = folder / "history" / f"{number:06}.parquet"
            connection.execute(_HISTORY.format(begin=begin, stop=begin + 10 * _SHARD, path=path))


def _run(folder: Path, memory: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.reconcile_join", "--measure", str(folder), memory]
    found: dict[str, Any] = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    return found


def _measure(folder: Path, memory: str) -> dict[str, Any]:
    """Compare in this process, and say what it took."""
    begun = perf_counter()
    summary = match(
        Sides(ledger=folder / "ledger.parquet", history=folder / "history"),
        Rules(),
        provider=load_provider("rehook"),
        read_at=datetime(2026, 11, 1, tzinfo=UTC),
        into=folder / "differences.parquet",
        spill=folder / "spill",
        memory=memory,
    )
    seconds, used = perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF)
    return {
        "seconds": seconds,
        "cpu": used.ru_utime + used.ru_stime,
        "memory": _peak() * 1024 // 1_000_000,
        "ledger": summary.ledger.rows,
        "provider": summary.provider.rows,
        "differences": sum(summary.differences.values()),
    }


def _peak() -> int:
    """Give the most memory this process has held, in KiB; `getrusage` would tell of its parent's, too."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def _check(folder: Path, rows: int) -> list[tuple[str, int, int, int]]:
    """Hold what was found against what was planted, by class and wallet."""
    with duckdb.connect() as connection:
        connection.execute(_ROWS.format(every=rows // _EACH))
        found = connection.execute(_CHECK.format(rows=rows, differences=folder / "differences.parquet")).fetchall()
    return sorted(found, key=lambda row: CLASSES.index(row[0]))


if __name__ == "__main__":
    main()
