"""A world served by a sandbox, and ``wallet-async reconcile`` run on it as a process: watched, killed, gone on with."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

from attrs import field, frozen

from tests.cli.process import environment
from tests.reconcile.planted.filling import Files
from tests.reconcile.planted.world import World

_direct = build_opener(ProxyHandler({}))
_LOOK = 0.005
"""Seconds between two looks at a run."""


@frozen
class Ended:
    """A run that has ended."""

    code: int
    """Its exit code, or minus the signal that ended it."""
    said: str = field(repr=False)
    """All it printed."""
    memory: int
    """Megabytes that it, or one of its processes, held at most."""
    seconds: float


@frozen(kw_only=True)
class Stage:
    """A world, the sandbox that has its provider's side, and where its files are."""

    world: World
    files: Files
    environ: Mapping[str, str]
    control: str
    rows: int
    """Rows at the provider."""

    def requests(self) -> int:
        """Count the requests since this was asked last."""
        seen = self._ask("GET")["requests"]
        self._ask("DELETE")
        return sum(count for operation, count in seen.items() if operation != "token")

    def _ask(self, method: str) -> Any:
        with _direct.open(Request(f"{self.control}observed", method=method)) as answer:
            return json.loads(answer.read())

    def folder(self, name: str) -> Folder:
        """Name the state and the output of a run."""
        return Folder(self.files.folder / name)

    def run(
        self,
        folder: Folder,
        *options: str,
        ledger: Path | None = None,
        until: Callable[[], bool] | None = None,
        broken: str | None = None,
    ) -> Ended:
        """Run ``wallet-async reconcile`` to its end, or kill -9 it and all its processes once *until* holds."""
        module = ["wallet_async.cli"] if broken is None else ["tests.reconcile.planted.broken", broken]
        command = [
            *(sys.executable, "-m", *module),
            *("reconcile", self.world.provider, str(ledger or self.files.ledger)),
            *("--wallets", str(self.files.wallets), "--unreadable", "report", "--state", str(folder.state)),
            *("--report", str(folder.report), *options),
        ]
        begun = time.monotonic()
        process = subprocess.Popen(
            command,
            env=environment(self.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        said: list[str] = []
        assert process.stdout is not None
        reader = threading.Thread(target=lambda: said.extend(process.stdout or ()))
        reader.start()
        status, usage = _wait(process.pid, until)
        reader.join()
        process.stdout.close()
        process.returncode = os.waitstatus_to_exitcode(status)
        return Ended(process.returncode, "".join(said), usage.ru_maxrss // 1024, time.monotonic() - begun)


def _wait(process: int, until: Callable[[], bool] | None) -> tuple[int, Any]:
    """Wait for the end, which comes by a kill -9 of the whole group once *until* holds; give status and usage."""
    if until is not None:
        while not until():
            ended, status, usage = os.wait4(process, os.WNOHANG)
            if ended:
                return status, usage
            time.sleep(_LOOK)
        os.killpg(process, signal.SIGKILL)
    _, status, usage = os.wait4(process, 0)
    return status, usage


@frozen
class Folder:
    """Where a run keeps its state and writes its report."""

    root: Path

    @property
    def state(self) -> Path:
        """Its state."""
        return self.root / "state"

    @property
    def report(self) -> Path:
        """Its report; the folder is made."""
        self.root.mkdir(exist_ok=True)
        return self.root / "report.html"

    @property
    def differences(self) -> Path:
        """What it found."""
        return self.state / "differences.parquet"

    @property
    def shards(self) -> list[Path]:
        """What has been read so far, a file each chunk."""
        return sorted(self.state.glob("history/*.parquet"))


@contextlib.contextmanager
def staged(world: World, folder: Path) -> Iterator[Stage]:
    """Serve a world while the block runs."""
    size = (str(world.seed), str(world.wallets), str(world.rows), str(world.each))
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.reconcile.planted.serving", world.provider, *size, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            said = json.loads(process.stdout.readline())
            yield Stage(
                world=world,
                files=Files(folder),
                environ=said["environ"],
                control=said["control"],
                rows=said["rows"],
            )
        finally:
            process.stdin.close()
            process.wait(30)
