"""DuckDB as it is used here: bounded, offline, and clear about having no room."""

from __future__ import annotations

from pathlib import Path

import pytest

from wallet_async.reconcile.database import database, quoted, shards

BIG = "CREATE TABLE big AS SELECT i, hash(i) AS h FROM range(3000000) AS some_rows(i)"


def test_what_does_not_fit_into_memory_is_spilled(tmp_path: Path) -> None:
    """Three million rows in 30 MB, and the folder is made where it is missing."""
    with database(tmp_path / "spill", memory="30MB") as connection:
        connection.execute(BIG)
        assert connection.execute("SELECT count(DISTINCT h) FROM big").fetchall() == [(3000000,)]


def test_no_room_is_said_in_one_line(tmp_path: Path) -> None:
    """An `OSError`, which names the folder, where it cannot spill."""
    (tmp_path / "file").write_text("")
    said = r"DuckDB, which spills to .*file/spill: .*"
    with (
        pytest.raises(OSError, match=said) as caught,
        database(tmp_path / "file" / "spill", memory="30MB") as connection,
    ):
        connection.execute(BIG)
        connection.execute("SELECT count(DISTINCT h) FROM big").fetchall()
    assert "\n" not in str(caught.value)


def test_nothing_is_downloaded(tmp_path: Path) -> None:
    """An extension that is not in the package is an error, not a request."""
    with database(tmp_path) as connection:
        settings = "current_setting('autoinstall_known_extensions'), current_setting('autoload_known_extensions')"
        assert connection.execute(f"SELECT {settings}").fetchall() == [(False, False)]


def test_names_that_look_like_patterns(tmp_path: Path) -> None:
    """A folder called ``a[1]*'s`` holds its shards, and half-written ones are none."""
    folder = tmp_path / "a[1]*'s"
    folder.mkdir()
    assert shards(folder) is None
    with database(tmp_path / "spill") as connection:
        for name in ("000000.parquet", ".000001.parquet.7.part", ".half.parquet"):
            connection.execute(f"COPY (SELECT 1 AS one) TO {quoted(folder / name)} (FORMAT parquet)")
        assert connection.execute(f"SELECT count(*) FROM {shards(folder)}").fetchall() == [(1,)]
