"""The lean server as its harness sees it: started, counted and ended; and which core is whose."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen


@frozen
class Counts:
    """What the server has done so far."""

    answered: int
    """Requests."""
    cpu: float
    """Seconds of CPU."""


@frozen
class Site:
    """A running server, and what the clients under test need beside it."""

    base_url: str
    tools: Path
    """Folder that `benchmarks.tools` has filled."""
    process: subprocess.Popen[str]

    def counts(self) -> Counts:
        """Ask the server."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        answered, cpu = self.process.stdout.readline().split()
        return Counts(int(answered), float(cpu))


def pin(place: int) -> None:
    """Keep this process on one core: 0 for the client, 1 for the server; does nothing where there is one core."""
    if not hasattr(os, "sched_setaffinity"):
        return
    os.sched_setaffinity(0, range(os.cpu_count() or 1))  # a parent's one core is inherited: ask for all there are
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        os.sched_setaffinity(0, {cores[place]})


@contextlib.contextmanager
def running(tools: Path, *, delay: float = 0.0, tls: bool = False) -> Iterator[Site]:
    """Run the server; every answer leaves *delay* seconds after its request came."""
    certificate = [str(tools / "server.pem")] if tls else []
    command = [sys.executable, "-m", "benchmarks.server", str(delay), *certificate]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            port = int(process.stdout.readline())
            yield Site(f"http{'s' if tls else ''}://127.0.0.1:{port}", tools, process)
        finally:
            process.stdin.close()
