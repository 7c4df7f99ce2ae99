"""Where our own time goes: samples of the running function, taken by CPU time.

A tracing profiler charges its cost to every call and so overstates small functions. This one looks at the stack once a
tick of CPU time; time in C counts for the Python function that called it.
"""

import asyncio
import signal
from collections import Counter
from pathlib import PurePath
from types import FrameType

from attrs import field, frozen

from benchmarks.requests import WORKS, run
from benchmarks.server import pin, running

_INTERVAL = 0.001
"""Seconds of CPU between samples; where the kernel's own tick is longer (often 4 ms), that decides."""
_TOP = 25
_WARM_UP = 2000


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
    known = ("aiohttp", "asyncio", "json", "wallet_async", "rehook_async", "benchmarks", "yarl", "attr", "cattrs")
    return next((part for part in reversed(path.parts) if part in known), "other")


async def _sample(work: str, requests: int) -> tuple[_Samples, float]:
    samples = _Samples()
    with running() as base_url:
        async with WORKS[work](base_url) as clients:
            ours = clients[1]
            await run(ours.request, _WARM_UP)
            signal.signal(signal.SIGPROF, samples.take)
            signal.setitimer(signal.ITIMER_PROF, _INTERVAL, _INTERVAL)
            try:
                measured = await run(ours.request, requests)
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
    return samples, measured.cpu


def profile(work: str, requests: int = 60_000) -> str:
    """Give the libraries, functions and lines with the most own time in *work* (``"S1"`` or ``"S10"``)."""
    pin(0)
    samples, cpu = asyncio.run(_sample(work, requests))
    total = samples.functions.total()
    text = [f"# Own time of {work}, rehook_async", ""]
    text += [f"{cpu:.0f} us of CPU a request; {total} samples over {requests} requests.", ""]
    for title, found in (("library", samples.libraries), ("function", samples.functions), ("line", samples.lines)):
        text += [f"| us | % | {title} |", "|---|---|---|"]
        text += [f"| {cpu * n / total:.1f} | {100 * n / total:.1f} | `{name}` |" for name, n in found.most_common(_TOP)]
        text.append("")
    return "\n".join(text)
