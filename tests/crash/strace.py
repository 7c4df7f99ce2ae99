"""strace, put on a process that waits: it logs its system calls, kills it at one of them, or lets some of them fail."""

from __future__ import annotations

import asyncio
import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

INSTALL = "strace is not installed: apt-get install strace"
REFUSED = "this system does not let one process trace another (ptrace)"

_PR_SET_PTRACER = 0x59616D61
_ANYBODY = ctypes.c_ulong(-1)
_PROBE = f"import ctypes; ctypes.CDLL(None).prctl({_PR_SET_PTRACER:#x}, ctypes.c_ulong(-1), 0, 0, 0); print(); input()"


def needed() -> None:
    """Skip the test where strace is missing, or may not look at another process."""
    if shutil.which("strace") is None:
        pytest.skip(INSTALL)
    with subprocess.Popen(
        [sys.executable, "-c", _PROBE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as probe:
        assert probe.stdout is not None
        probe.stdout.readline()
        with subprocess.Popen(["strace", "-p", str(probe.pid)], stderr=subprocess.PIPE, text=True) as strace:
            assert strace.stderr is not None
            said = strace.stderr.readline()
            strace.terminate()
            strace.communicate()
        probe.communicate("\n")
    if "attached" not in said:
        pytest.skip(f"{REFUSED}: {said.strip()}")


def let_anybody_trace() -> None:
    """Let a process that is not our parent trace this one, where Yama would keep it from that."""
    ctypes.CDLL(None).prctl(_PR_SET_PTRACER, _ANYBODY, 0, 0, 0)


@asynccontextmanager
async def attached(task: int, *options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Trace one thread, or with ``-f`` all of its process; until it has ended, or strace has been terminated."""
    strace = await asyncio.create_subprocess_exec(
        *("strace", "-p", str(task), *options), stderr=asyncio.subprocess.PIPE, env={**os.environ, "LC_ALL": "C"}
    )
    try:
        assert strace.stderr is not None
        said = await strace.stderr.readline()
        assert b"attached" in said, said.decode()
        yield strace
    except BaseException:
        strace.kill()
        raise
    finally:
        await strace.communicate()
