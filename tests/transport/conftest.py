"""Fixtures for checks that have to hold over both transports; what does not ask for them runs over the direct one."""

from __future__ import annotations

import pytest

from tests.faults.providers import TRANSPORTS, use_transport


@pytest.fixture(params=TRANSPORTS)
def transport(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let sessions use one transport after the other."""
    use_transport(request.param, monkeypatch)
    return str(request.param)
