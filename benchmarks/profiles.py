"""Where our own time goes: samples of the running function, taken by CPU time.

A tracing profiler charges its cost to every call and so overstates small functions. This one looks at the stack once a
tick of CPU time; time in C counts for the Python function that called it.
"""

import asyncio
import signal
from collections import Counter
from pathlib import Path, PurePath
from types import FrameType
from typing import Any

from attrs import field, frozen

from benchmarks import child, imports
from benchmarks.requests import WORKS
from benchmarks.serving import running
from benchmarks.slices import open_peer

PROFILED = {"s1": "default", "s2": "fast", "s10": "credit", "s10-fast": "fast-credit"}
"""Works of `benchmarks.requests` by the name of their goal; ``s9`` is the import."""

_REQUESTS = 60_000
_IN_FLIGHT = 50
_INTERVAL = 0.001
"""Seconds of CPU between samples; where the kernel's own tick is longer (often 4 ms), that decides."""
_TOP = 25
_KNOWN = ("aiohttp", "asyncio", "json", "wallet_async", "rehook_async", "benchmarks", "yarl", "attr", "cattrs", "ssl")


@frozen
class _Samples:
    """How often each place was found running."""

    libraries: Counter[str] = field(factory=Counter)
    functions: Counter[str] = field(factory=Counter)
    lines: Counter[str] = field(factory=Counter)

    def take(self, _signal: int, frame: FrameType | None) -> None:
        """Note where the process is (a signal handler)."""
        if frame is None:
            return
        code = frame.f_code
        path = PurePath(code.co_filename)
        place = "/".join(path.parts[-2:])
        self.libraries[_library(path)] += 1
        self.functions[f"{place} {code.co_qualname}"] += 1
        self.lines[f"{place}:{frame.f_lineno} {code.co_name}"] += 1


def _library(path: PurePath) -> str:
    if path.name.startswith("<"):
        return "generated (attrs, rows)"
    return next((part for part in reversed(path.parts) if part in _KNOWN), "other")


def sample(folder: str, peer: str) -> dict[str, Any]:
    """Let *peer* work in this process; gives microseconds of CPU a request, and the counts of samples."""
    return asyncio.run(_sample(Path(folder), peer))


async def _sample(folder: Path, peer: str) -> dict[str, Any]:
    samples = _Samples()
    with running(folder) as site:
        async with open_peer(peer, site) as client:
            await client.run(_REQUESTS // 20, _IN_FLIGHT)
            signal.signal(signal.SIGPROF, samples.take)
            signal.setitimer(signal.ITIMER_PROF, _INTERVAL, _INTERVAL)
            try:
                _, cpu = await client.run(_REQUESTS, _IN_FLIGHT)
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
    tops = {kind: getattr(samples, kind).most_common(_TOP) for kind in ("libraries", "functions", "lines")}
    return {"name": client.name, "cpu": cpu / _REQUESTS * 1e6, "total": samples.functions.total(), "tops": tops}


def profile(folder: Path, goal: str) -> str:
    """Write down where the time of *goal* goes, in a warm heap."""
    if goal == "s9":
        return imports.profile()
    work = WORKS[PROFILED[goal]]
    found = child.call("profiles.sample", without=work.without, folder=str(folder), peer=work.peers[1])
    cpu, total = found["cpu"], found["total"]
    text = [f"# Own time of {goal.upper()}, {found['name']}", ""]
    text += [f"{cpu:.0f} us of CPU a request; {total} samples over {_REQUESTS} requests.", ""]
    for kind, top in found["tops"].items():
        text += [f"| us | % | {kind} |", "|---|---|---|"]
        text += [f"| {cpu * n / total:.1f} | {100 * n / total:.1f} | `{name}` |" for name, n in top]
        text.append("")
    return "\n".join(text)
