"""S9: the time to import the package, in fresh interpreters, against aiohttp's."""

import random
import subprocess
import sys
from pathlib import Path

from benchmarks.report import Figure, Section, Table, Verdict
from benchmarks.slices import Plan

STATEMENTS = {
    "import aiohttp (baseline)": "import aiohttp",
    "import rehook_async": "import rehook_async",
    "import httpx": "import httpx",
    # What a session loads as it opens, in a thread: deferred, not saved.
    "import rehook_async, and a session opened": (
        "import asyncio, rehook_async\n"
        "async def main():\n"
        "    async with rehook_async.RehookSession('key', 'secret', base_url='http://127.0.0.1:9'):\n"
        "        pass\n"
        "asyncio.run(main())"
    ),
}

_TIMED = "from time import perf_counter\nbegun = perf_counter()\n{}\nprint(perf_counter() - begun)"
_LOADED = "import sys, rehook_async\nprint(*({'aiohttp', 'cattrs', 'yarl', 'multidict', 'anyio'} & set(sys.modules)))"


def _python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True)


def measure(rounds: int, seed: int) -> dict[str, list[float]]:
    """Run every statement once a round in an interpreter of its own, in random order; gives milliseconds for each."""
    order = random.Random(f"{seed} S9")
    found: dict[str, list[float]] = {name: [] for name in STATEMENTS}
    for statement in STATEMENTS.values():
        _python("-c", statement)  # byte code is written, files are in the cache
    for _ in range(rounds):
        for name in order.sample(list(STATEMENTS), len(STATEMENTS)):
            seconds = float(_python("-c", _TIMED.format(STATEMENTS[name])).stdout)
            found[name].append(seconds * 1000)
    return found


def section(_: Path, plan: Plan) -> Section:
    """Give the times as ratios to aiohttp's of the same round."""
    found = measure(plan.rounds, plan.seed)
    base, ours = found["import aiohttp (baseline)"], found["import rehook_async"]
    return Section(
        tables=[
            Table(
                title="S9: imports",
                head=("statement", "ratio (quartiles)", "ms"),
                lines=[(name, Figure.ratio(times, base), Figure.of(times)) for name, times in found.items()],
                note=f"Of the heavy modules, `import rehook_async` loads {', '.join(loaded()) or 'none'}.",
            )
        ],
        verdicts=[Verdict(goal="S9", figure=Figure.ratio(ours, base))],
    )


def loaded() -> list[str]:
    """Name the heavy modules that ``import rehook_async`` loads although it should not."""
    return _python("-c", _LOADED).stdout.split()


def profile(top: int = 20) -> str:
    """Give the modules that take the most time of their own in ``import rehook_async``, by ``-X importtime``."""
    lines = _python("-X", "importtime", "-c", "import rehook_async").stderr.splitlines()
    cells = [line.removeprefix("import time:").split("|") for line in lines if line.count("|") == 2]
    rows = [(int(own), int(total), name.strip()) for own, total, name in cells if own.strip().isdigit()]
    text = ["# Own time of `import rehook_async`, site and all", "", "| ms | with imports | module |", "|---|---|---|"]
    rows.sort(reverse=True)
    return "\n".join(
        [*text, *(f"| {own / 1000:.1f} | {total / 1000:.1f} | `{name}` |" for own, total, name in rows[:top])]
    )
