"""Both sides of a comparison, written as the readers of ledger and histories write them, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
from attrs import asdict, define, field, frozen

from wallet_async.provider import load_provider
from wallet_async.reconcile.matching import Sides, match
from wallet_async.reconcile.model import HISTORY_COLUMNS, LEDGER_COLUMNS, Rules, Summary

PROVIDER = load_provider("rehook")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
READ_AT = NOON + timedelta(days=30)


def at(hours: float) -> datetime:
    """Give a time so many hours after `NOON`, as the files have it."""
    return (NOON + timedelta(hours=hours)).replace(tzinfo=None)


_AT_NOON = at(0)


@frozen(kw_only=True)
class Line:
    """A line of the ledger."""

    line: int
    wallet: str | None = "c\tw"
    kind: str | None = "credit"
    amount: Decimal | None = Decimal(10)
    created_at: datetime | None = _AT_NOON
    transaction_id: str | None = None
    reference: str | None = None
    currency: str | None = None
    problem: str | None = None

    @property
    def mark(self) -> str | None:
        """What the provider would show of the reference."""
        return None if self.reference is None else PROVIDER.mark(self.reference)


@frozen(kw_only=True)
class Row:
    """A row at the provider."""

    transaction_id: str
    wallet: str = "c\tw"
    kind: str | None = "credit"
    amount: Decimal | None = Decimal(10)
    created_at: datetime = _AT_NOON
    reference: str | None = None
    """What it was sent with."""
    currency: str | None = None
    problem: str | None = None

    @property
    def mark(self) -> str | None:
        """What is shown of the reference."""
        return None if self.reference is None else PROVIDER.mark(self.reference)


@frozen(kw_only=True)
class About:
    """What the provider says of a wallet."""

    wallet: str = "c\tw"
    balance: Decimal | None = None
    known: bool | None = True
    rows: int = 0
    requests: int = 1
    error: str | None = None


@define(kw_only=True)
class World:
    """What is compared, and how."""

    lines: Sequence[Line] = ()
    rows: Sequence[Row] = ()
    about: Sequence[About] = (About(),)
    rules: Rules = field(factory=Rules)
    applied: Path | None = None


@frozen
class Found:
    """What a comparison came to."""

    summary: Summary
    differences: list[dict[str, Any]]
    content: bytes
    """Of the file of differences."""

    @property
    def short(self) -> list[tuple[Any, ...]]:
        """Differences as (wallet, class, line, transaction id), with ``note`` at the end of what is one."""
        names = ("wallet", "class", "ledger_line", "transaction_id")
        return [
            tuple(row[name] for name in names) + (("note",) if row["severity"] == "note" else ())
            for row in self.differences
        ]


def compare(world: World, *, random: Random | None = None, shards: int = 1, memory: str = "200MB") -> Found:
    """Compare the sides of *world*; *random* shuffles its rows over the shards."""
    with TemporaryDirectory() as text:
        folder = Path(text)
        lines = [asdict(line) | {"mark": line.mark} for line in world.lines]
        rows = [{**asdict(row), "mark": row.mark} for row in world.rows]
        histories = [*rows, *map(asdict, world.about)]
        if random is not None:
            random.shuffle(lines)
            random.shuffle(histories)
        (folder / "history").mkdir()
        with duckdb.connect() as connection:
            _write(connection, folder / "ledger.parquet", LEDGER_COLUMNS, lines)
            for shard in range(shards):
                path = folder / "history" / f"{shard:05}.parquet"
                _write(connection, path, HISTORY_COLUMNS, histories[shard::shards])
        into = folder / "differences.parquet"
        summary = match(
            Sides(
                ledger=folder / "ledger.parquet",
                history=folder / "history",
                applied=[world.applied] if world.applied else (),
            ),
            world.rules,
            provider=PROVIDER,
            read_at=READ_AT,
            into=into,
            spill=folder / "spill",
            memory=memory,
        )
        return Found(summary, read(into), into.read_bytes())


def read(differences: Path) -> list[dict[str, Any]]:
    """Read a file of differences, in its order."""
    with duckdb.connect() as connection:
        found = connection.execute("FROM read_parquet(?)", [str(differences)])
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _write(
    connection: duckdb.DuckDBPyConnection, path: Path, columns: dict[str, str], rows: Iterable[dict[str, Any]]
) -> None:
    rows = list(rows)
    values = [[row.get(name) for row in rows] for name in columns]
    casts = ", ".join(f'unnest(?::{kind}[]) AS "{name}"' for name, kind in columns.items())
    connection.execute(f"CREATE OR REPLACE TEMP TABLE made AS SELECT {casts}", values)
    connection.execute(f"COPY made TO '{path}' (FORMAT parquet)")
