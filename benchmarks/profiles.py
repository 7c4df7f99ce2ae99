"""Where our own time goes: samples of the running function, taken by CPU time.

A tracing profiler charges its cost to every call and so overstates small functions. This one looks at the stack once a
tick of CPU time; time in C counts for the Python function that called it.
"""

import asyncio
import signal
from collections import Counter
from pathlib import PurePath
from types import FrameType

from benchmarks.requests import WORKS, run
from benchmarks.server import pin, running

_INTERVAL = 0.001
"""Seconds of CPU between samples; where the kernel's own tick is longer (often 4 ms), that decides."""
_TOP = 25
_WARM_UP = 2000


async def _sample(work: str, requests: int) -> tuple[Counter[str], Counter[str], float]:
    functions: Counter[str] = Counter()
    lines: Counter[str] = Counter()

    def take(_signal: int, frame: FrameType | None) -> None:
        if frame is not None:
            place = "/".join(PurePath(frame.f_code.co_filename).parts[-2:])
            functions[f"{place} {frame.f_code.co_qualname}"] += 1
            lines[f"{place}:{frame.f_lineno} {frame.f_code.co_name}"] += 1

    with running() as base_url:
        async with WORKS[work](base_url) as clients:
            ours = clients[1]
            await run(ours.request, _WARM_UP)
            signal.signal(signal.SIGPROF, take)
            signal.setitimer(signal.ITIMER_PROF, _INTERVAL, _INTERVAL)
            try:
                measured = await run(ours.request, requests)
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
    return functions, lines, measured.cpu


def profile(work: str, requests: int = 60_000) -> str:
    """Give the table of the functions, and of the lines, with the most own time in *work* (``"S1"`` or ``"S10"``)."""
    pin(0)
    functions, lines, cpu = asyncio.run(_sample(work, requests))
    total = functions.total()
    text = [
        f"# Own time of {work}, rehook_async: {cpu:.0f} us of CPU a request, {total} samples over {requests} requests",
        "",
    ]
    for title, found in (("function", functions), ("line", lines)):
        text += [f"| us | % | {title} |", "|---|---|---|"]
        text += [f"| {cpu * n / total:.1f} | {100 * n / total:.1f} | `{name}` |" for name, n in found.most_common(_TOP)]
        text.append("")
    return "\n".join(text)
