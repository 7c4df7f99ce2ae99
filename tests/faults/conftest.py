"""What every check here is run with: each provider, and both directions."""

from __future__ import annotations

import pytest

from tests.faults.providers import CLIENTS, Client


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest) -> Client:
    """Give one provider's client after the other."""
    return CLIENTS[request.param]
