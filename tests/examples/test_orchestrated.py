"""`examples/reconcile_prefect.py` and `examples/reconcile_airflow.py`, run by the tools themselves.

Each brings a hundred packages that get on with nobody else's: EXAMPLES_PREFECT and EXAMPLES_AIRFLOW name a Python that
has them (`nox -s examples`).
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.process import SandboxProcess, environment, sandbox
from wallet_async.engine.retry import RetryPolicy

EXAMPLES = Path(__file__).parents[2] / "examples"


def python_with(tool: str, packages: str) -> str:
    """Give a Python that has a tool, or skip."""
    variable = f"EXAMPLES_{tool.upper()}"
    if variable not in os.environ:
        pytest.skip(f"{variable} names no Python with: pip install 'wallet-async[reconcile]' {packages}")
    return os.environ[variable]


@pytest.fixture
def rehook() -> Iterator[SandboxProcess]:
    with sandbox("rehook", "--wallets", "1") as running:
        yield running


@pytest.fixture
def environ(rehook: SandboxProcess, tmp_path: Path) -> dict[str, str]:
    """Give the settings of the examples, and a ledger with one credit that was not booked."""
    source_id, wallet_id = rehook.wallet()
    (tmp_path / "ledger.csv").write_text(
        f"source_id,wallet_id,points,created_at\n{source_id},{wallet_id},20,2026-01-01T10:00:00Z\n"
    )
    ours = {"RECONCILE_LEDGER": str(tmp_path / "ledger.csv"), "RECONCILE_FOLDER": str(tmp_path)}
    return {**environment(rehook.environ), **ours, "PYTHONWARNINGS": "default"}  # their warnings are theirs


def names(folder: Path, what: str) -> list[str]:
    return [path.name for path in folder.glob(f"{what}-*")]


WITHOUT_DELAY = """
import asyncio, sys
import reconcile_prefect as example
example.compare = example.compare.with_options(retry_delay_seconds=0)
sys.exit(not asyncio.run(example.nightly(return_state=True)).is_completed())
"""


@pytest.mark.timeout(300)
def test_prefect(rehook: SandboxProcess, environ: dict[str, str], tmp_path: Path) -> None:
    """What could not be read is read by the retry; the flow fails for the difference, and has its artifacts."""
    python = python_with("prefect", "prefect 'fastapi<0.155'")
    rehook.faults(f"status:transactions 500 times={RetryPolicy().attempts}")
    settings = {
        "PREFECT_HOME": str(tmp_path / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "PYTHONPATH": str(EXAMPLES),
    }
    done = subprocess.run(
        [python, "-c", WITHOUT_DELAY],
        env={**environ, **settings},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout
    assert "wallets that could not be read: 1" in done.stdout
    assert "Retry 1/5" in done.stdout
    assert "Failed('differences: 1')" in done.stdout
    assert (len(names(tmp_path, "report")), len(names(tmp_path, "state"))) == (1, 0)
    with closing(sqlite3.connect(tmp_path / "prefect" / "prefect.db")) as server:
        assert {key for (key,) in server.execute("SELECT key FROM artifact")} >= {"differences", "report"}


@pytest.mark.timeout(300)
def test_airflow(environ: dict[str, str], tmp_path: Path) -> None:
    """The comparison succeeds, its verdict fails, and says why."""
    python = python_with("airflow", "apache-airflow")
    settings = {
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(EXAMPLES),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }

    def airflow(*words: str) -> str:
        return subprocess.run(
            [python, "-m", "airflow", *words],
            env={**environ, **settings},
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        ).stdout

    airflow("db", "migrate")
    said = airflow("dags", "test", "wallet_async_reconcile")
    assert "ledger and Rehook differ: {'missing_at_provider': 1}" in said, said
    assert "state=failed" in said
    assert (len(names(tmp_path, "report")), len(names(tmp_path, "state"))) == (1, 0)
