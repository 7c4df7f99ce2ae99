"""The journal in PostgreSQL, for several processes and machines; the extra `[postgres]` brings its driver."""

from wallet_async.journal.postgres.enlist import prepare_in
from wallet_async.journal.postgres.schema import install, pending, upgrade
from wallet_async.journal.postgres.store import PostgresStore

__all__ = ["PostgresStore", "install", "pending", "prepare_in", "upgrade"]
