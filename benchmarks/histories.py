"""S6: a deep history over a slow line, with look-ahead; and what a row costs as histories get deeper."""

import asyncio
import gc
import random
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

from attrs import asdict

from benchmarks import charts, child
from benchmarks.answers import PAGE_SIZE, SOURCE_ID, wallet
from benchmarks.report import Figure, Section, Table, Verdict
from benchmarks.serving import Site, running
from benchmarks.slices import Plan
from rehook_async import RehookSession

PAGES, PAGES_QUICK = 100, 20
DELAY = 0.05
"""Seconds a request."""
LOOKAHEAD = 16
LOOKAHEADS = (1, 4, LOOKAHEAD)
DEPTHS = (1, 10, 100, 1000)
_FEWEST_PAGES = 200
"""Pages that a depth is measured over at least: short histories are read again and again."""


def slow(folder: str, plan: dict[str, Any]) -> dict[str, list[tuple[float, float]]]:
    """Read the history with every look-ahead once a round; gives seconds and requests."""
    with running(Path(folder), delay=DELAY) as site:
        ways = {f"lookahead={n}": (_pages(plan), 1, {"lookahead": n}) for n in LOOKAHEADS}
        return asyncio.run(_measure(site, ways, Plan(**plan)))


def _pages(plan: Mapping[str, Any]) -> int:
    return PAGES if plan["full"] else PAGES_QUICK


def deep(folder: str, plan: dict[str, Any]) -> dict[str, list[tuple[float, float]]]:
    """Read histories of every depth once a round, at full speed, one at a time; gives seconds and requests."""
    with running(Path(folder)) as site:
        ways: dict[str, Any] = {f"{pages}": (pages, max(1, _FEWEST_PAGES // pages), {}) for pages in DEPTHS}
        return asyncio.run(_measure(site, ways, Plan(**plan)))


async def _measure(site: Site, ways: dict[str, Any], plan: Plan) -> dict[str, list[tuple[float, float]]]:
    order = random.Random(f"{plan.seed} histories")
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    async with RehookSession("key", "secret", base_url=site.base_url) as rehook:
        for lap in range(plan.rounds + 1):
            for name in order.sample(list(ways), len(ways)):
                pages, times, options = ways[name]
                gc.collect()
                before, begun = site.counts(), perf_counter()
                for _ in range(times):
                    rows = 0
                    async for _ in rehook.transactions(SOURCE_ID, wallet(pages), **options):
                        rows += 1
                    assert rows == PAGE_SIZE * pages - 1
                seconds, after = perf_counter() - begun, site.counts()
                if lap:  # the first makes connections
                    found[name].append((seconds / times, (after.answered - before.answered) / times))
    return found


def section(folder: Path, plan: Plan) -> Section:
    """Measure both."""
    slow_, deep_ = (child.call(f"histories.{work}", folder=str(folder), plan=asdict(plan)) for work in ("slow", "deep"))
    pages = _pages(asdict(plan))
    times = {n: [seconds for seconds, _ in slow_[f"lookahead={n}"]] for n in LOOKAHEADS}
    requests = {n: Figure.of([count / pages for _, count in slow_[f"lookahead={n}"]]) for n in LOOKAHEADS}
    ideal = {n: Figure.of([seconds / (pages / n * DELAY) for seconds in times[n]]) for n in LOOKAHEADS}
    rows = {n: Figure.of([seconds / (PAGE_SIZE * n) * 1e6 for seconds, _ in deep_[f"{n}"]]) for n in DEPTHS}
    spent = {n: Figure.of([count / n for _, count in deep_[f"{n}"]]) for n in DEPTHS}
    return Section(
        tables=[
            Table(
                title=f"S6: {pages} pages at {DELAY * 1000:.0f} ms a request",
                head=("look-ahead", "x ideal (quartiles)", "seconds", "requests a page"),
                lines=[(f"{n}", ideal[n], Figure.of(times[n]), requests[n]) for n in LOOKAHEADS],
                note="Ideal is pages / look-ahead x the delay.",
            ),
            Table(
                title="Growth: one history at a time, at full speed",
                head=("pages", "us a row (quartiles)", "requests a page"),
                lines=[(f"{n:,}", rows[n], spent[n]) for n in DEPTHS],
            ),
        ],
        verdicts=[
            Verdict(goal="S6, time", figure=ideal[LOOKAHEAD]),
            Verdict(goal="S6, requests", figure=requests[LOOKAHEAD]),
        ],
        charts={"depth": charts.curve("Microseconds a row", "pages of the history", list(rows.items()))},
    )
