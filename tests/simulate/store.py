"""The journal's database as one process sees it: slow, failing before or after the commit, gone with the process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from tests.simulate.loop import Host
from tests.simulate.plan import Plan
from wallet_async.journal.errors import JournalError


class FaultyStore:
    """What stands between one process and a store that it shares with others."""

    def __init__(self, store: Any, host: Host, plan: Plan, proved: Callable[[str], None]) -> None:
        self._store = store
        self._host = host
        self._plan = plan
        self._proved = proved

    @property
    def restored(self) -> bool:
        return bool(self._store.restored)

    def __getattr__(self, method: str) -> Any:
        return partial(self._do, method)

    async def aclose(self) -> None:
        """Leave it open: the other processes have it too."""

    async def _do(self, method: str, *args: Any, **options: Any) -> Any:
        self._host.touch(f"before {method}")
        fault = self._plan.store(method)
        if fault == "slow":
            await asyncio.sleep(self._plan.rng.uniform(0.01, 3))
        if fault == "before" or self._host.dead:
            raise JournalError("the database is away")
        done = await getattr(self._store, method)(*args, **options)
        if method == "record" and done and args[1] == "not_applied":
            self._proved(args[0].reference)
        self._host.touch(f"after {method}")
        await asyncio.sleep(0)  # the answer of a database takes its way too
        if fault == "after" or self._host.dead:
            raise JournalError("the database went away")
        return done
