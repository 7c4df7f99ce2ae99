"""Plans for a sandbox's wallets, and what has come of them: for tests of ``wallet-async apply``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.cli.process import Ended, SandboxProcess
from tests.reconcile.repair.differences import Row, missing, write
from wallet_async.provider import load_provider
from wallet_async.reconcile.repair.plan import write_plan


def plan_of(folder: Path, rows: Sequence[Row], provider: str = "rehook") -> str:
    """Write the plan of *rows*; give its path."""
    path = write(folder / "differences.parquet", rows)
    write_plan(folder / "plan.csv", path, load_provider(provider), history=folder / "history", spill=folder / "spill")
    return str(folder / "plan.csv")


def lines(wallet: Sequence[str], number: int, kind: str = "credit") -> list[dict[str, Any]]:
    """Give so many lines that are missing at the provider, with references of their own."""
    text = "\t".join(wallet)
    return [missing(n, kind, n + 1, wallet=text, reference=f"{wallet[-1]}-{n}") for n in range(number)]


def booked(sandbox: SandboxProcess, *wallets: Sequence[str]) -> list[dict[str, Any]]:
    """Give what the sandbox's ledger has of some wallets."""
    keys = [wallet[0] if len(wallet) == 1 else list(wallet) for wallet in wallets]
    return [row for row in sandbox.control("GET", "ledger")["entries"] if row["wallet"] in keys]


def states(ended: Ended) -> Counter[str]:
    """Count what became of the movements."""
    return Counter(row["state"] for row in ended.rows)
