"""DuckDB as a reconciliation uses it: bounded in memory, spilling into its own folder, downloading nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from wallet_async.engine.errors import InvalidInputError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MEMORY = "400MB"
"""What DuckDB may hold in memory; the rest goes to files."""
THREADS = 2
"""Threads of DuckDB. Each takes memory of its own."""


@contextmanager
def database(spill: Path, *, memory: str = MEMORY, threads: int = THREADS) -> Iterator[DuckDBPyConnection]:
    """Open a database in memory that spills into the folder *spill*.

    Raises:
        InvalidInputError: The extra is not installed.
        OSError: There is no room, in memory or on the disk, or a file cannot be read.
    """
    require_extra()
    import duckdb  # noqa: PLC0415 - the extra [reconcile]

    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory,
        "temp_directory": str(spill),
        "threads": threads,
        # Rows are sorted where their order counts; to keep it everywhere would hold whole files in memory.
        "preserve_insertion_order": False,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    connection = duckdb.connect(":memory:", config=settings)
    try:
        connection.execute("SET enable_progress_bar = false")  # `python -c` and notebooks would have it in their output
        connection.execute("SET TimeZone = 'UTC'")  # a text without a zone must not mean this machine's
        yield connection
    except duckdb.OperationalError as error:
        raise OSError(f"DuckDB, which spills to {spill}: {str(error).splitlines()[0]}") from None
    finally:
        connection.close()


def require_extra() -> None:
    """See whether what reconciling needs is installed.

    Raises:
        InvalidInputError: It is not; the error says how to install it.
    """
    if any(find_spec(name) is None for name in ("duckdb", "filelock", "jinja2")):
        raise InvalidInputError('reconciling needs more: python -m pip install "wallet-async[reconcile]"')


def shards(folder: Path) -> str | None:
    """Name every Parquet file in *folder* as one table; None if there is none.

    They are named one by one: a folder's own name may hold what DuckDB takes for a pattern.
    """
    found = sorted(folder.glob("[!.]*.parquet"))
    return f"read_parquet([{', '.join(map(quoted, found))}])" if found else None


def quoted(text: str | Path) -> str:
    """Write *text* as an SQL string."""
    return "'" + str(text).replace("'", "''") + "'"
