"""Which wallets a run reads: those of the ledger, and those that were listed beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

from wallet_async.reconcile.budget import PAGE
from wallet_async.reconcile.chunks import SIZE, Chunk, cut
from wallet_async.reconcile.database import database, quoted
from wallet_async.reconcile.files import replacing

_BATCH = 20 * SIZE
"""Wallets fetched at a time."""


@frozen(kw_only=True)
class WalletFigures:
    """How many wallets there are, and what they hold in the ledger."""

    wallets: int
    rows: int
    """Movements in the ledger."""
    pages: int
    """Requests for their histories, if the provider holds as much of each."""


def write_wallets(ledger: Path, listed: Path | None, into: Path, spill: Path) -> None:
    """Write every wallet once, in order, with the rows that the ledger has of it.

    Args:
        ledger: The ledger as it was read.
        listed: A Parquet file with a column ``wallet``, or None.
        into: Written whole or not at all.
        spill: Where DuckDB spills.
    """
    more = f"UNION ALL SELECT wallet, 0 FROM read_parquet({quoted(listed)})" if listed else ""
    with replacing(into) as part, database(spill) as connection:
        connection.execute(
            f"""
            COPY (
                SELECT wallet, sum(rows)::BIGINT AS rows FROM (
                    SELECT wallet, 1 AS rows FROM read_parquet({quoted(ledger)}) WHERE wallet IS NOT NULL {more}
                ) GROUP BY wallet ORDER BY wallet
            ) TO {quoted(part)} (FORMAT parquet)
            """
        )


def figures(wallets: Path, spill: Path) -> WalletFigures:
    """Count the wallets of a run, and the requests that their histories will take."""
    with database(spill) as connection:
        found = connection.execute(
            f"SELECT count(*), coalesce(sum(rows), 0)::BIGINT, coalesce(sum(rows // {PAGE} + 1), 0)::BIGINT "
            f"FROM read_parquet({quoted(wallets)})"
        ).fetchone()
    count, rows, pages = found or (0, 0, 0)
    return WalletFigures(wallets=count, rows=rows, pages=pages)


def line_without_time(ledger: Path, spill: Path) -> int | None:
    """Give the first line of the ledger that can be read and has no time, or None."""
    with database(spill) as connection:
        query = f"SELECT min(line) FROM read_parquet({quoted(ledger)}) WHERE created_at IS NULL AND problem IS NULL"
        return next(iter(connection.execute(query).fetchone() or ()), None)


def chunks(wallets: Path, spill: Path) -> Iterator[Chunk]:
    """Cut the wallets of a run into its chunks: the same ones each time."""

    def texts() -> Iterator[str]:
        with database(spill) as connection:
            rows = connection.execute(f"SELECT wallet FROM read_parquet({quoted(wallets)}) ORDER BY wallet")
            while some := rows.fetchmany(_BATCH):
                yield from (wallet for (wallet,) in some)

    return cut(texts())
