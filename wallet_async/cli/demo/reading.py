"""Reads every wallet's history back, 20 rows a request."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Mapping
from typing import Any

from wallet_async.cli.demo.screen import Screen
from wallet_async.engine.errors import WalletError
from wallet_async.provider import HistoryRow, Provider

_TRIES = 5
"""Times a history is begun anew after an error that the session's own retries did not mend."""

History = tuple[HistoryRow, ...] | WalletError
"""Every row, newest first, or why it could not be read."""


async def read_back(
    provider: Provider, session: Any, keys: Mapping[str, Hashable], *, concurrency: int, screen: Screen
) -> dict[str, History]:
    """Read the histories of all wallets, *concurrency* at a time, by the ledger's names of the wallets."""
    found: dict[str, History] = {}
    slots = asyncio.Semaphore(concurrency)
    counts = {"rows": 0, "unreadable": 0}

    async def read(name: str, key: Hashable) -> None:
        async with slots:
            history = found[name] = await _history(provider, session, key)
        if isinstance(history, WalletError):
            counts["unreadable"] += 1
        else:
            counts["rows"] += len(history)
        stage.advance(counts)

    with screen.stage("read back", len(keys)) as stage:
        async with asyncio.TaskGroup() as group:
            for wallet in keys.items():
                group.create_task(read(*wallet))
    return found


async def _history(provider: Provider, session: Any, key: Hashable, tries: int = _TRIES) -> History:
    try:
        return tuple([row async for row in provider.history(session, key)])
    except WalletError as error:
        if tries == 1:
            return error
    return await _history(provider, session, key, tries - 1)
