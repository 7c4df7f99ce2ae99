"""A client in a process of its own, killed when a credit is booked and not answered, and started again.

It keeps a file of what it has done, as a careful program would, and leaves out what stands there.

python -m tests.compare.killed CLIENT URL FOLDER REFERENCES      is that process
"""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from tests.compare.client import Place, Told
from tests.compare.clients import named
from tests.compare.run import ask, stand_in
from tests.compare.tally import Tally, descriptions, tally
from wallet_async.sandbox import Fault, FaultPlan

ROOT = Path(__file__).parents[2]
_PATIENT = 2.0  # seconds: the kill is to come before a client's own time is up


async def against_kills(name: str, *, references: int, kills: int) -> Tally:
    """Let the client *name* credit its references, and kill it *kills* times on the way."""
    each = references // (kills + 1)
    with TemporaryDirectory() as folder:
        async with stand_in(FaultPlan()) as sandbox:
            for _ in range(kills):
                sandbox.observed.reset()
                sandbox.faults.replace([Fault("hang", operation="credit", nth=each)])
                child = await _start(name, sandbox.url, folder, references)
                while not sandbox.observed.faults["hang"]:
                    assert child.returncode is None, f"{name} has ended by itself"
                    await asyncio.sleep(0.005)
                child.kill()
                await child.wait()
            sandbox.faults.clear()
            assert await (await _start(name, sandbox.url, folder, references)).wait() == 0
            return tally(_done(Path(folder)), descriptions(sandbox))


async def _start(*arguments: Any) -> asyncio.subprocess.Process:
    command = [sys.executable, "-m", "tests.compare.killed", *map(str, arguments)]
    return await asyncio.create_subprocess_exec(*command, cwd=ROOT)


def _done(folder: Path) -> dict[str, Told]:
    file = folder / "done"
    lines = file.read_text().splitlines() if file.exists() else []
    return {reference: cast(Told, told) for reference, told in map(str.split, lines)}


async def _main(name: str, url: str, folder: Path, references: int) -> None:
    done = _done(folder)
    left = [reference for reference in map("order-{}".format, range(references)) if reference not in done]
    with (folder / "done").open("a", buffering=1) as file:
        async with named(name)(Place(url=url, folder=folder, timeout=_PATIENT)) as credit:
            await ask(credit, left, lambda reference, told: file.write(f"{reference} {told}\n"))


if __name__ == "__main__":
    logging.disable(logging.WARNING)  # an unknown outcome is a result here
    asyncio.run(_main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])))
