"""The page for users of Ray Data and Spark is true: its blocks are run, and read what one process reads."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path

import duckdb
import pytest

from tests.brokers.redis_server import RedisServer, redis_server  # noqa: F401 - fixtures
from wallet_async.reconcile.model import wallet_text
from wallet_async.reconcile.runners import PACE

from .common import by_one, environ, keys, sandbox

PAGE = Path(__file__).parents[3] / "docs" / "ray-and-spark.md"
CHUNK, RAY, SPARK, COMPARISON = re.findall(r"^```py\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def rows(pattern: Path) -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        return connection.execute(f"SELECT * FROM read_parquet('{pattern}') ORDER BY ALL").fetchall()


@pytest.mark.parametrize(("engine", "block"), [("ray", RAY), ("pyspark", SPARK)])
@pytest.mark.timeout(180)
async def test_an_engine(engine: str, block: str, tmp_path: Path, redis_server: RedisServer) -> None:  # noqa: F811
    """It writes the rows that one process writes, with every digit and of the same types."""
    pytest.importorskip("pyarrow", reason=f"{engine} is not installed: pip install 'ray[data]' pyspark")
    pytest.importorskip(engine, reason=f"{engine} is not installed: pip install 'ray[data]' pyspark")
    (tmp_path / "histories.py").write_text(CHUNK)
    (tmp_path / "engine.py").write_text(block)
    wallets, history = tmp_path / "wallets.parquet", tmp_path / "history"
    (tmp_path / "wallets.csv").write_text("\n".join(["wallet", *map(wallet_text, keys())]))
    with duckdb.connect() as connection:
        csv = tmp_path / "wallets.csv"
        connection.execute(f"COPY (SELECT * FROM read_csv('{csv}', delim='|')) TO '{wallets}' (FORMAT parquet)")
    async with sandbox("0ms") as provided:
        environment = {**environ(provided.url), PACE: redis_server.url, "PYTHONPATH": str(tmp_path)}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(tmp_path / "engine.py"), str(wallets), str(history)),
            env={**environment, "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"},
            cwd=tmp_path,
        )
        assert await process.wait() == 0
        await by_one(environ(provided.url), tmp_path / "one")
    assert len(rows(tmp_path / "one" / "*.parquet")) > 1000
    assert rows(history / "*.parquet") == rows(tmp_path / "one" / "*.parquet")


def test_every_block_is_python() -> None:
    """Where the engines are missing, at least what is written can be read."""
    for block in (CHUNK, RAY, SPARK, COMPARISON):
        compile(block, os.fspath(PAGE), "exec")
