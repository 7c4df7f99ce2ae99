"""The differences as a file for other programs: Parquet, CSV or JSON lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from wallet_async.engine.errors import InvalidInputError
from wallet_async.reconcile.database import database, quoted
from wallet_async.reconcile.files import replacing
from wallet_async.reconcile.model import AMOUNT, DIFFERENCE_COLUMNS

_FORMULA = r"^[=+\-@\t\r]"
"""How a cell begins that a spreadsheet runs as a formula (OWASP, "CSV injection")."""


def check_target(path: Path) -> None:
    """See whether a file may be written to *path*.

    Raises:
        InvalidInputError: Its folder is not there, or it is a folder or a device itself.
    """
    if not path.parent.is_dir():
        raise InvalidInputError(f"{path}: there is no folder {path.parent}")
    if path.exists() and not path.is_file():
        # What is written takes the place of what is there, were it a device.
        raise InvalidInputError(f"{path} is {'a folder' if path.is_dir() else 'a device'}, not a file")


def check_suffix(path: Path) -> None:
    """See whether `write_differences` can write to *path*.

    Raises:
        InvalidInputError: Its suffix names no format, its folder is not there, or it is a folder.
    """
    if path.suffix not in _FORMATS:
        raise InvalidInputError(f"{path}: the differences are written as {', '.join(_FORMATS)}, told by the suffix")
    check_target(path)


def write_differences(path: Path, differences: Path, provider_fields: Sequence[str], spill: Path) -> None:
    """Write what stands in *differences* to *path*, in the format of its suffix, whole or not at all.

    The columns are those of `DIFFERENCE_COLUMNS`, the wallet as one column for each of *provider_fields*.

    Args:
        path: Where to; a file that is there is replaced.
        differences: The Parquet file of the comparison.
        provider_fields: What the parts of a wallet are called.
        spill: Folder for what does not fit into memory.

    Raises:
        InvalidInputError: As of `check_suffix`.
        OSError: It could not be written.
    """
    check_suffix(path)
    select, options = _FORMATS[path.suffix]
    with replacing(path) as made, database(spill, threads=1) as connection:
        # The file is sorted: to keep the order takes no memory with one thread, to sort once more would.
        connection.execute("SET preserve_insertion_order = true")
        connection.execute(
            f"COPY (SELECT {select(_columns(provider_fields))} FROM read_parquet({quoted(differences)})) "
            f"TO {quoted(made)} ({options})"
        )


def _columns(provider_fields: Sequence[str]) -> Mapping[str, tuple[str, str]]:
    """Give the type and the expression of each column."""
    columns: dict[str, tuple[str, str]] = {}
    for name, kind in DIFFERENCE_COLUMNS.items():
        if name == "wallet":
            parts = enumerate(provider_fields, 1)
            columns |= {field: ("VARCHAR", f"split_part(wallet, chr(9), {place})") for place, field in parts}
        else:
            columns[name] = kind, f'"{name}"'
    return columns


def _as_parquet(columns: Mapping[str, tuple[str, str]]) -> str:
    """Keep the types; times say that they are UTC."""
    return _listed({name: _zoned(*column) for name, column in columns.items()})


def _as_csv(columns: Mapping[str, tuple[str, str]]) -> str:
    return _listed({name: _disarmed(*column) for name, column in columns.items()})


def _as_json(columns: Mapping[str, tuple[str, str]]) -> str:
    """Put each line together: DuckDB's own writer pads amounts with zeros."""
    fields = (
        f"""'"{name}":' || coalesce({text if kind in {AMOUNT, "BIGINT"} else f"to_json({text})::VARCHAR"}, 'null')"""
        for name, kind, text in ((name, kind, _text(kind, value)) for name, (kind, value) in columns.items())
    )
    return "'{' || " + " || ',' || ".join(fields) + " || '}'"


_FORMATS: Mapping[str, tuple[Callable[[Mapping[str, tuple[str, str]]], str], str]] = {
    ".parquet": (_as_parquet, "FORMAT parquet, COMPRESSION zstd"),
    ".csv": (_as_csv, "FORMAT csv, HEADER"),
    ".jsonl": (_as_json, "FORMAT csv, HEADER false, QUOTE '', ESCAPE ''"),
    ".ndjson": (_as_json, "FORMAT csv, HEADER false, QUOTE '', ESCAPE ''"),
}
"""By suffix: how the columns become what is selected, and how that is written."""


def _listed(columns: Mapping[str, str]) -> str:
    return ", ".join(f'{value} AS "{name}"' for name, value in columns.items())


def _zoned(kind: str, value: str) -> str:
    return f"{value} AT TIME ZONE 'UTC'" if kind == "TIMESTAMP" else value


def _disarmed(kind: str, value: str) -> str:
    if kind != "VARCHAR":
        return _text(kind, value)  # numbers are ours: a minus sign there is a minus sign
    return f"CASE WHEN regexp_matches({value}, '{_FORMULA}') THEN '''' || {value} ELSE {value} END"


def _text(kind: str, value: str) -> str:
    """Write one value: numbers with every digit and no exponent, times in UTC."""
    match kind:
        case "TIMESTAMP":
            whole, part = (f"strftime({value}, '%Y-%m-%dT%H:%M:%S{end}Z')" for end in ("", ".%f"))
            return f"CASE WHEN epoch_us({value}) % 1000000 = 0 THEN {whole} ELSE {part} END"
        case "VARCHAR":
            return value
        case "BIGINT":
            return f"{value}::VARCHAR"
        case _:
            return f"rtrim(rtrim({value}::VARCHAR, '0'), '.')"
