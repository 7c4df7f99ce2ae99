"""What a run would take, from the ledger alone: nothing is sent."""

from __future__ import annotations

import tempfile
from pathlib import Path

import anyio.to_thread

from wallet_async.provider import Provider
from wallet_async.reconcile.budget import Budget
from wallet_async.reconcile.ledger import LedgerSource, Reading, read_ledger
from wallet_async.reconcile.wallets import figures, write_wallets


async def estimate(
    ledger: LedgerSource, provider: Provider, *, reading: Reading | None = None, balances: bool = True
) -> Budget:
    """Say how many requests it takes to read the histories of the wallets in *ledger*, if they are as long as there.

    Args:
        ledger: The own ledger, which is read whole.
        provider: Whose wallets.
        reading: Which columns mean what.
        balances: Whether balances would be asked for.

    Raises:
        InvalidInputError: The ledger cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="wallet-async-") as name:
        folder = Path(name)
        read, wallets, spill = folder / "ledger.parquet", folder / "wallets.parquet", folder / "spill"
        await read_ledger(ledger, reading or Reading(), provider, read, spill)
        await anyio.to_thread.run_sync(write_wallets, read, None, wallets, spill)
        found = await anyio.to_thread.run_sync(figures, wallets, spill)
    lookups = (1 if balances else provider.walk_lookups) * found.wallets
    return Budget(wallets=found.wallets, rows=found.rows, lookups=lookups, pages=found.pages)
