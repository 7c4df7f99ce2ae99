"""Runs ``wallet-async`` as a process, and a sandbox for it to talk to."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

from attrs import define, field, frozen

COMMAND = (sys.executable, "-m", "wallet_async.cli")

PATIENCE = 30.0
"""Seconds after which a process counts as hung; nothing waits for them to pass."""

_KEPT = re.compile("PATH|HOME|SYSTEMROOT|COVERAGE_.*")
_BASE = {name: value for name, value in os.environ.items() if _KEPT.fullmatch(name)}
_direct = build_opener(ProxyHandler({}))


@frozen
class Ended:
    """A process that has ended."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[Any]:
        """The JSON lines it printed, numbers exact."""
        return [json.loads(line, parse_float=Decimal) for line in self.out.splitlines()]


Inside = Callable[..., Ended]
"""Runs a command without a process: words, and ``environ=``."""


def environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Give the environment of a process: nothing of this one's credentials, warnings are errors, the clock is UTC."""
    return {**_BASE, "PYTHONWARNINGS": "error", "TZ": "UTC", "COLUMNS": "80", **(environ or {})}


def start(*arguments: str, environ: Mapping[str, str] | None = None, **options: Any) -> subprocess.Popen[str]:
    """Start ``wallet-async``; the caller ends it."""
    return subprocess.Popen(
        [*COMMAND, *arguments],
        env=environment(environ),
        stdout=options.pop("stdout", subprocess.PIPE),
        stderr=options.pop("stderr", subprocess.PIPE),
        text=True,
        **options,
    )


def end(process: subprocess.Popen[str], number: int | None = None) -> Ended:
    """Send a signal, if one is named, and wait for the end; one that does not come is brought about."""
    hung = threading.Timer(PATIENCE, process.kill)
    hung.start()
    try:
        with process:
            if number is not None:
                process.send_signal(number)
            # Not `communicate`: it would miss what a `readline` of the test has read ahead.
            out = process.stdout.read() if process.stdout else ""
            err = process.stderr.read() if process.stderr else ""
    finally:
        hung.cancel()
    return Ended(process.returncode, out, err)


def wallet_async(*arguments: str, environ: Mapping[str, str] | None = None, **options: Any) -> Ended:
    """Run ``wallet-async`` to its end."""
    return end(start(*arguments, environ=environ, **options))


@define
class SandboxProcess:
    """A running ``wallet-async sandbox``."""

    process: subprocess.Popen[str]
    said: Mapping[str, Any]
    """What ``--json`` printed."""
    _numbers: Iterator[int] = field(factory=count)

    @property
    def environ(self) -> dict[str, str]:
        """The variables with which a command talks to it."""
        return dict(self.said["environ"])

    def wallet(self) -> list[str]:
        """Give the words for a wallet that no other test has had."""
        key = self.said["wallets"][next(self._numbers)]
        return [key] if isinstance(key, str) else list(key)

    def faults(self, text: str) -> None:
        """Replace its faults."""
        self.control("PUT", "faults", {"text": text})

    def control(self, method: str, what: str, body: object = None) -> Any:
        """Ask its control endpoint."""
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.said['control']}{what}", method=method, data=data)
        with _direct.open(request, timeout=PATIENCE) as answer:
            return json.loads(answer.read(), parse_float=Decimal)


@contextlib.contextmanager
def sandbox(provider: str, *options: str) -> Iterator[SandboxProcess]:
    """Run a sandbox while the block runs."""
    process = start("sandbox", provider, "--json", "--until-eof", *options, stdin=subprocess.PIPE, stderr=None)
    with process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield SandboxProcess(process, json.loads(process.stdout.readline()))
        finally:
            process.stdin.close()
            process.wait(PATIENCE)


def children(process: subprocess.Popen[str]) -> list[int]:
    """Give the ids of the processes that *process* has started."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # The name, in parentheses, may hold blanks; state and parent follow it.
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
            if int(parent) == process.pid and state != "Z":
                found.append(int(stat.parent.name))
    return found


def alive(number: int) -> bool:
    """Whether process *number* still runs."""
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
