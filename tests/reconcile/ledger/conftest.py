"""Fixtures of the tests of the own ledger."""

from tests.journal.postgres_server import postgres

__all__ = ["postgres"]
