"""One client against every fault: each fault has a stand-in of its own, and its references come one after another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from rehook_async.sandbox import RehookApi
from tests.compare.client import CUSTOMER, KEY, SECRET, WALLET, Credit, Place, Told
from tests.compare.clients import named
from tests.compare.faults import FAULTS, TIMEOUT, plan
from tests.compare.tally import Tally, descriptions, tally
from wallet_async.sandbox import FaultPlan, Sandbox

_PAUSE = 0.05  # seconds before those that are to be asked for again are


@asynccontextmanager
async def stand_in(faults: FaultPlan) -> AsyncIterator[Sandbox[RehookApi]]:
    """Run a stand-in with the one wallet that is credited."""
    async with Sandbox(RehookApi(KEY, SECRET), faults=faults) as sandbox:
        sandbox.api.add_wallet(CUSTOMER, WALLET)
        yield sandbox


async def ask(credit: Credit, references: Iterable[str], note: Callable[[str, Told], object]) -> None:
    """Have every reference credited, and *note* how each has ended."""
    left = list(references)
    while left:
        later = []
        for reference in left:
            told = await credit(reference)
            if told == "later":
                later.append(reference)
            else:
                note(reference, told)
        left = later
        await asyncio.sleep(_PAUSE if left else 0)


async def against(name: str, fault: str, *, references: int, seed: int) -> Tally:
    """Let the client *name* meet one of `FAULTS`."""
    told: dict[str, Told] = {}
    with TemporaryDirectory() as folder:
        async with stand_in(plan(fault, seed)) as sandbox:
            place = Place(url=sandbox.url, folder=Path(folder), timeout=TIMEOUT)
            async with named(name)(place) as credit:
                await ask(credit, map("order-{}".format, range(references)), told.__setitem__)
            await sandbox.settled()
            while sandbox.observed.in_flight:  # noqa: ASYNC110 - a request whose client has left is booked all the same
                await asyncio.sleep(0.005)
            return tally(told, descriptions(sandbox))


async def against_all(name: str, *, references: int, seed: int) -> dict[str, Tally]:
    """Let it meet all of them side by side, with so many references for each."""
    ended = await asyncio.gather(*(against(name, fault, references=references, seed=seed) for fault in FAULTS))
    return dict(zip(FAULTS, ended, strict=True))
