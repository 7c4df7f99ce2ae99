"""Fixtures of the tests of the own ledger."""

from tests.journal.postgres_server import postgres  # noqa: F401 - a fixture
