"""S8: what `async for` adds to a row that is here already, in microseconds."""

import asyncio
import gc
import random
from collections.abc import Callable, Coroutine
from operator import attrgetter
from time import perf_counter
from typing import Any

from benchmarks.answers import history
from rehook_async import Checkpoint, Pager, Transaction
from rehook_async.wire import FIRST_PAGE, PAGE_SIZE, read_transactions
from wallet_async.engine.calls import Reply
from wallet_async.engine.walk import Walk

PAGES = 500


def _pages() -> list[list[Transaction]]:
    """Prepare full pages of different rows, and an empty one that ends the history."""
    rows = read_transactions(Reply(200, {}, history()), FIRST_PAGE)
    model = rows[0]
    make = type(model)
    return [
        *(
            [
                make(
                    transaction_id=f"trhi_{page:06}{place:02}",
                    type=model.type,
                    points=model.points,
                    description=model.description,
                    created_at=model.created_at,
                    updated_at=model.updated_at,
                )
                for place in range(PAGE_SIZE)
            ]
            for page in range(PAGES)
        ),
        [],
    ]


def _pager(pages: list[list[Transaction]]) -> Pager[Transaction]:
    async def fetch(page: int) -> list[Transaction]:
        return pages[page - FIRST_PAGE]

    walk = Walk(
        Checkpoint(FIRST_PAGE),
        first_page=FIRST_PAGE,
        page_size=PAGE_SIZE,
        key=attrgetter("transaction_id"),
        moment=attrgetter("created_at"),
        since=None,
    )
    return Pager(fetch, walk, None)


async def _by_row(pager: Pager[Transaction]) -> None:
    async for _ in pager:
        pass


async def _by_page(pager: Pager[Transaction]) -> None:
    async for page in pager.pages():
        for _ in page.items:
            pass


async def _pages_only(pager: Pager[Transaction]) -> None:
    async for _ in pager.pages():
        pass


WAYS: dict[str, Callable[[Pager[Transaction]], Coroutine[Any, Any, None]]] = {
    "async for row in pager": _by_row,
    "async for page in pager.pages(): for row in page.items": _by_page,
    "pages alone (taken off the others)": _pages_only,
}


def measure(rounds: int, seed: int) -> dict[str, list[float]]:
    """Walk the prepared history in every way once a round, in random order; gives microseconds a row for each."""
    order = random.Random(f"{seed} S8")
    pages = _pages()
    found: dict[str, list[float]] = {}
    for _ in range(rounds):
        for name in order.sample(list(WAYS), len(WAYS)):
            gc.collect()
            begun = perf_counter()
            asyncio.run(WAYS[name](_pager(pages)))
            found.setdefault(name, []).append((perf_counter() - begun) / (PAGES * PAGE_SIZE) * 1e6)
    return {name: found[name] for name in WAYS}
