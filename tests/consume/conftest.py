"""Fixtures for the tests of consumers."""

from tests.journal.conftest import client
from tests.journal.postgres_server import postgres

__all__ = ["client", "postgres"]
