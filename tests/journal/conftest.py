"""Fixtures of the journal's tests."""

from __future__ import annotations

import pytest

from tests.faults.providers import CLIENTS, Client
from tests.journal.postgres_server import database, emptied, postgres  # noqa: F401 - fixtures


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest) -> Client:
    """Give one provider after the other."""
    return CLIENTS[request.param]
