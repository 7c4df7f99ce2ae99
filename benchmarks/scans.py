"""S7: very many wallets through `scan`, against bare workers; and the time and memory of ever longer scans."""

import asyncio
import gc
import random
import resource
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

from attrs import asdict

from benchmarks import charts, child
from benchmarks.answers import ROWS, SOURCE_ID, wallet
from benchmarks.report import Figure, Section, Table, Verdict
from benchmarks.serving import running
from benchmarks.slices import Plan
from rehook_async import Done, RehookSession

IN_FLIGHT = 50
_MIB = 1024 * 1024


def _wallets(count: int) -> Iterator[tuple[str, str]]:
    return ((SOURCE_ID, wallet(number=number)) for number in range(count))


async def _scan(rehook: RehookSession, count: int) -> None:
    found = 0
    async for result in rehook.scan(_wallets(count), concurrency=IN_FLIGHT):
        assert isinstance(result, Done)
        assert len(result.value) == ROWS
        found += 1
    assert found == count


async def _workers(rehook: RehookSession, count: int) -> None:
    wallets = _wallets(count)

    async def worker() -> None:
        for wallet_ in wallets:
            assert len(await rehook.transactions(*wallet_).collect()) == ROWS

    await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))


WAYS = {"bare workers (baseline)": _workers, "scan": _scan}


def rates(folder: str, wallets: int, plan: dict[str, Any]) -> dict[str, list[float]]:
    """Read the wallets in both ways, a part of them each round, over one session; gives wallets a second."""
    return asyncio.run(_rates(Path(folder), wallets, Plan(**plan)))


async def _rates(folder: Path, wallets: int, plan: Plan) -> dict[str, list[float]]:
    order = random.Random(f"{plan.seed} S7")
    found: dict[str, list[float]] = {name: [] for name in WAYS}
    part = wallets // plan.rounds
    with running(folder) as site:
        async with RehookSession("key", "secret", base_url=site.base_url) as rehook:
            for run in WAYS.values():
                await run(rehook, IN_FLIGHT * 20)
            for _ in range(plan.rounds):
                for name in order.sample(list(WAYS), len(WAYS)):
                    gc.collect()
                    begun = perf_counter()
                    await WAYS[name](rehook, part)
                    found[name].append(part / (perf_counter() - begun))
    return found


def growth(folder: str, wallets: int) -> dict[str, float]:
    """Scan so many wallets in this process; gives seconds, and MB at the end and at most."""
    return asyncio.run(_growth(Path(folder), wallets))


async def _growth(folder: Path, wallets: int) -> dict[str, float]:
    with running(folder) as site:
        async with RehookSession("key", "secret", base_url=site.base_url) as rehook:
            begun = perf_counter()
            await _scan(rehook, wallets)
            seconds = perf_counter() - begun
            return {"seconds": seconds, "at the end": _memory("VmRSS"), "at most": _memory("VmHWM")}


def _memory(what: str) -> float:
    """MB of memory; where Linux does not tell, the most that the process ever had."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / _MIB
    return next(int(line.split()[1]) for line in lines if line.startswith(what)) * 1024 / _MIB


def section(folder: Path, plan: Plan) -> Section:
    """Measure both; memory is compared from the second length to the last."""
    longest = 6 if plan.full else 4
    wallets = 10 ** (longest - 1)
    lengths = [10**power for power in range(3, longest + 1)]
    by_way = child.call("scans.rates", folder=str(folder), wallets=wallets, plan=asdict(plan))
    base = by_way["bare workers (baseline)"]
    grown = {n: child.call("scans.growth", folder=str(folder), wallets=n) for n in lengths}
    cost = {n: grown[n]["seconds"] / n * 1e6 for n in lengths}
    last = grown[lengths[-1]]
    return Section(
        tables=[
            Table(
                title=f"S7: {wallets:,} one-page wallets, {IN_FLIGHT} in flight",
                head=("way", "ratio (quartiles)", "wallets/s"),
                lines=[(name, Figure.ratio(found, base), Figure.of(found)) for name, found in by_way.items()],
            ),
            Table(
                title="Growth: scans, each in a process of its own",
                head=("wallets", "us a wallet", "MB at the end", "MB at most"),
                lines=[(f"{n:,}", cost[n], grown[n]["at the end"], grown[n]["at most"]) for n in lengths],
            ),
        ],
        verdicts=[
            Verdict(goal="S7, rate", figure=Figure.ratio(by_way["scan"], base)),
            Verdict(
                goal="S7, growth",
                figure=Figure.single(last["at the end"] - grown[lengths[1]]["at the end"]),
                of=f"{lengths[1]:,} to {lengths[-1]:,} wallets",
            ),
            Verdict(goal="S7, memory", figure=Figure.single(last["at most"]), of=f"{lengths[-1]:,} wallets"),
        ],
        charts={
            "memory": charts.curve(
                "Most memory of a scan, MB", "wallets", [(n, Figure.single(grown[n]["at most"])) for n in lengths]
            )
        },
    )
