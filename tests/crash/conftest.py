"""Fixtures of the crash tests."""

from __future__ import annotations

import pytest

from tests.crash import strace
from tests.journal.postgres_server import database, postgres  # noqa: F401 - fixtures


@pytest.fixture(scope="session")
def traced() -> None:
    """Skip the test where nothing can be traced."""
    strace.needed()
