"""What a run would take, from the ledger alone: nothing is sent."""

from __future__ import annotations

import tempfile
from pathlib import Path

import anyio.to_thread

from wallet_async.provider import Provider
from wallet_async.reconcile.budget import Budget
from wallet_async.reconcile.ledger import LedgerSource, Reading, read_ledger, read_wallets
from wallet_async.reconcile.wallets import figures, write_wallets


async def estimate(
    ledger: LedgerSource,
    provider: Provider,
    *,
    wallets: LedgerSource | None = None,
    reading: Reading | None = None,
    balances: bool = True,
) -> Budget:
    """Say how many requests it takes to read the histories of the wallets in *ledger*, if they are as long as there.

    Args:
        ledger: The own ledger, which is read whole.
        provider: Whose wallets.
        wallets: Wallets that would be read besides.
        reading: Which columns mean what.
        balances: Whether balances would be asked for.

    Raises:
        InvalidInputError: The ledger cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="wallet-async-") as name:
        folder = Path(name)
        read, listed, named, spill = (folder / part for part in ("ledger", "listed", "wallets", "spill"))
        await read_ledger(ledger, reading or Reading(), provider, read, spill)
        if wallets is not None:
            await read_wallets(wallets, reading or Reading(), provider, listed, spill)
        await anyio.to_thread.run_sync(write_wallets, read, listed if wallets else None, named, spill)
        found = await anyio.to_thread.run_sync(figures, named, spill)
    lookups = (1 if balances else provider.walk_lookups) * found.wallets
    return Budget(wallets=found.wallets, rows=found.rows, lookups=lookups, pages=found.pages)
