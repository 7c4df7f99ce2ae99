"""Node's undici, in a process of its own on the same core: it works while this process waits for its answer."""

import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from attrs import frozen

from benchmarks.answers import ROWS
from benchmarks.peers import PATH
from benchmarks.serving import Site
from benchmarks.slices import Client
from benchmarks.tools import undici_version


@frozen
class _Undici:
    name: str
    process: subprocess.Popen[str]

    async def run(self, count: int, in_flight: int) -> tuple[float, float]:
        """Let the other process work; nothing else runs in this loop meanwhile."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{count} {in_flight}\n")
        self.process.stdin.flush()
        seconds, cpu = map(float, self.process.stdout.readline().split())
        return seconds, cpu


@asynccontextmanager
async def read(site: Site) -> AsyncIterator[Client]:
    """A page of history by undici.request and JSON.parse; in the tools only where there is a Node."""
    node = shutil.which("node")
    assert node is not None
    command = [node, str(Path(__file__).with_name("undici.mjs")), str(site.tools), site.base_url + PATH, str(ROWS)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: ASYNC220 - it starts while nothing else runs
        assert process.stdin is not None
        try:
            yield _Undici(f"Node: undici {undici_version(site.tools)}, untyped", process)
        finally:
            process.stdin.close()
