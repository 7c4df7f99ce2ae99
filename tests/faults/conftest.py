"""What every check here is run with: each provider over each transport."""

from __future__ import annotations

import pytest

from tests.faults.providers import CLIENTS, TRANSPORTS, Client, use_transport


@pytest.fixture(params=CLIENTS)
def provider(request: pytest.FixtureRequest) -> Client:
    """Give one provider's client after the other, for checks that bring a transport of their own (``http=``)."""
    return CLIENTS[request.param]


@pytest.fixture(params=TRANSPORTS)
def transport(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let sessions use one transport after the other."""
    use_transport(request.param, monkeypatch)
    return str(request.param)


@pytest.fixture
def client(provider: Client, transport: str) -> Client:
    """Give one provider's client after the other, over each transport."""
    return provider
