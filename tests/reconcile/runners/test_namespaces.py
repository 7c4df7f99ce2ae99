"""A cluster across the network: sandbox, scheduler and store, three workers, and the run, each on a machine of its own.

A machine is a network namespace. `NAMESPACES=1 pytest tests/reconcile/runners/test_namespaces.py` as root runs it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.rates.world import most
from wallet_async.reconcile.runners import PACE
from wallet_async.reconcile.standing import Standing

from .common import REQUESTS, check_same, check_whole, environ
from .namespaces import Machine, machines

pytestmark = pytest.mark.skipif(not os.environ.get("NAMESPACES"), reason="a long run sets NAMESPACES")

PER_SECOND = 100
PORT = "8123"


@contextmanager
def running(machine: Machine, *words: str, env: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command on a machine, and kill it at the end."""
    process = subprocess.Popen(
        machine.command(*words), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env and {**os.environ, **env}
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def ready(process: subprocess.Popen[bytes]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"


def worker_of(stack: ExitStack, machine: Machine, sandbox: Machine, hub: Machine) -> subprocess.Popen[bytes]:
    """Start a worker and its way to the sandbox."""
    ready(
        stack.enter_context(
            running(machine, sys.executable, "-m", "tests.reconcile.runners.relay", PORT, sandbox.address)
        )
    )
    pace = {PACE: f"redis://{hub.address}:6379"}
    return stack.enter_context(
        running(
            machine,
            *(sys.executable, "-m", "distributed.cli.dask_worker", f"tcp://{hub.address}:8786"),
            *("--host", machine.address, "--nthreads", "2", "--no-nanny", "--no-dashboard"),
            env={**environ(f"http://127.0.0.1:{PORT}"), **pace},
        )
    )


@pytest.mark.timeout(120)
def test_across_machines(tmp_path: Path) -> None:
    """One worker is killed in mid-run: the shards are what one process writes, and no second has more than the rate."""
    redis = shutil.which("redis-server") or pytest.skip("no Redis server is installed: apt-get install redis-server")
    with machines(6) as (sandbox, hub, client, *others), ExitStack() as stack:
        ready(
            stack.enter_context(
                running(sandbox, sys.executable, "-m", "tests.reconcile.runners.served", sandbox.address, PORT)
            )
        )
        stack.enter_context(
            running(hub, redis, "--bind", hub.address, "--protected-mode", "no", "--save", "", "--dir", str(tmp_path))
        )
        stack.enter_context(
            running(
                hub, sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", hub.address, "--no-dashboard"
            )
        )
        workers = [worker_of(stack, machine, sandbox, hub) for machine in others]
        ready(
            stack.enter_context(
                running(client, sys.executable, "-m", "tests.reconcile.runners.relay", PORT, sandbox.address)
            )
        )
        run = stack.enter_context(
            running(
                client,
                *(sys.executable, "-m", "tests.reconcile.runners.across", f"tcp://{hub.address}:8786"),
                *(str(PER_SECOND), str(tmp_path)),
                env=environ(f"http://127.0.0.1:{PORT}"),
            )
        )
        standings = followed(run, workers[0])
    check_same(tmp_path / "cluster", tmp_path / "one")
    check_whole(standings[-1])
    left = moments(tmp_path)
    print(f"{len(left)} requests in {max(left) - min(left):.2f} s, {most(left)} in one second at most")
    assert len(left) >= REQUESTS
    assert PER_SECOND / 3 < most(left) <= PER_SECOND


def followed(run: subprocess.Popen[bytes], victim: subprocess.Popen[bytes]) -> list[Standing]:
    """Follow a run to its end, and kill a worker when a third of it is done."""
    standings: list[Standing] = []
    assert run.stdout is not None
    for line in run.stdout:
        figures: dict[str, Any] = json.loads(line)
        standings.append(Standing(**figures))
        if victim.poll() is None and standings[-1].wallets > standings[-1].total / 3:
            assert standings[-1].wallets < standings[-1].total
            os.kill(victim.pid, signal.SIGKILL)
            victim.wait()
    assert run.wait() == 0
    assert victim.poll() == -signal.SIGKILL
    return standings


def moments(folder: Path) -> list[float]:
    """Give when all requests left, in all namespaces: they share the machine's clock."""
    return [float(line) for file in folder.glob("*.left") for line in file.read_text().splitlines()]
