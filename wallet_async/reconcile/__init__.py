"""Own ledger against the provider's history: exact, resumable, in bounded memory, on one machine or many."""

from wallet_async.reconcile.budget import Budget
from wallet_async.reconcile.estimate import estimate
from wallet_async.reconcile.ledger import (
    CsvLedger,
    LedgerSource,
    ParquetLedger,
    PostgresLedger,
    Reading,
    SqliteLedger,
    Understanding,
    open_ledger,
    understand,
)
from wallet_async.reconcile.model import CLASSES, Class, Rules, Side, Summary
from wallet_async.reconcile.result import Difference, Result
from wallet_async.reconcile.run import reconcile
from wallet_async.reconcile.running import Local, Runner, Work
from wallet_async.reconcile.standing import Standing

__all__ = [
    "reconcile",
    "Result",
    "Summary",
    "Side",
    "Difference",
    "Class",
    "CLASSES",
    "Rules",
    "CsvLedger",
    "ParquetLedger",
    "SqliteLedger",
    "PostgresLedger",
    "LedgerSource",
    "open_ledger",
    "Reading",
    "understand",
    "Understanding",
    "estimate",
    "Budget",
    "Runner",
    "Local",
    "Work",
    "Standing",
]
