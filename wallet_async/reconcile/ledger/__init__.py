"""The own ledger: from CSV, Parquet, SQLite or PostgreSQL into one Parquet file, exact, or one clear error."""

from wallet_async.reconcile.ledger.csvfile import CsvLedger
from wallet_async.reconcile.ledger.listing import read_wallets
from wallet_async.reconcile.ledger.opening import open_ledger
from wallet_async.reconcile.ledger.parquet import ParquetLedger
from wallet_async.reconcile.ledger.postgres import PostgresLedger
from wallet_async.reconcile.ledger.reading import LedgerRow, Reading, Unreadable
from wallet_async.reconcile.ledger.source import LedgerSource
from wallet_async.reconcile.ledger.sqlite import SqliteLedger
from wallet_async.reconcile.ledger.understanding import Understanding, UnderstoodColumn, understand
from wallet_async.reconcile.ledger.writing import LedgerFacts, read_ledger

__all__ = [
    "CsvLedger",
    "LedgerFacts",
    "LedgerRow",
    "LedgerSource",
    "ParquetLedger",
    "PostgresLedger",
    "Reading",
    "SqliteLedger",
    "UnderstoodColumn",
    "Understanding",
    "Unreadable",
    "open_ledger",
    "read_ledger",
    "read_wallets",
    "understand",
]
