"""S8: what `async for` adds to a row that is here already, in microseconds."""

import asyncio
import gc
import random
from collections.abc import Callable, Coroutine
from pathlib import Path
from time import perf_counter
from typing import Any

from attrs import asdict

from benchmarks import child
from benchmarks.answers import PAGE_SIZE, SOURCE_ID, wallet
from benchmarks.report import Figure, Section, Table, Verdict
from benchmarks.serving import running
from benchmarks.slices import Plan
from rehook_async import Pager, RehookSession, Transaction

PAGES = 500


async def _by_row(pager: Pager[Transaction]) -> float:
    """Give the seconds from the first row of a page to its last: no page is waited for in between."""
    spent = begun = 0.0
    place = 0
    async for _ in pager:
        place += 1
        if place == 1:
            begun = perf_counter()
        elif place == PAGE_SIZE:
            spent += perf_counter() - begun
            place = 0
    return spent


async def _by_page(pager: Pager[Transaction]) -> float:
    """Give the same of a plain loop over the rows of a page: what the measuring costs."""
    spent = begun = 0.0
    place = 0
    async for page in pager.pages():
        for _ in page.items:
            place += 1
            if place == 1:
                begun = perf_counter()
            elif place == PAGE_SIZE:
                spent += perf_counter() - begun
                place = 0
    return spent


WAYS: dict[str, Callable[[Pager[Transaction]], Coroutine[Any, Any, float]]] = {
    "async for row in pager": _by_row,
    "async for page in pager.pages(): for row in page.items (baseline)": _by_page,
}


def measure(folder: str, plan: dict[str, Any]) -> dict[str, list[float]]:
    """Walk a history in both ways once a round, in random order; gives microseconds a row."""
    return asyncio.run(_measure(Path(folder), Plan(**plan)))


async def _measure(folder: Path, plan: Plan) -> dict[str, list[float]]:
    order = random.Random(f"{plan.seed} S8")
    found: dict[str, list[float]] = {name: [] for name in WAYS}
    with running(folder) as site:
        async with RehookSession("key", "secret", base_url=site.base_url) as rehook:
            for _ in range(plan.rounds):
                for name in order.sample(list(WAYS), len(WAYS)):
                    gc.collect()
                    seconds = await WAYS[name](rehook.transactions(SOURCE_ID, wallet(PAGES)))
                    # The last page is short and not counted; the first row of a page is what waits for it.
                    found[name].append(seconds / ((PAGES - 1) * (PAGE_SIZE - 1)) * 1e6)
    return found


def section(folder: Path, plan: Plan) -> Section:
    """Take the plain loop off the other in the same round."""
    found = child.call("rows.measure", folder=str(folder), plan=asdict(plan))
    by_row, by_page = found.values()
    net = Figure.of([one - base for one, base in zip(by_row, by_page, strict=True)])
    return Section(
        tables=[
            Table(
                title="S8: rows already here",
                head=("loop", "us a row (quartiles)"),
                lines=[*((name, Figure.of(values)) for name, values in found.items()), ("net", net)],
            )
        ],
        verdicts=[Verdict(goal="S8", figure=net)],
    )
