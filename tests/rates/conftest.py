"""Fixtures of the tests of shared rates."""

from __future__ import annotations

from itertools import count

import pytest

from tests.brokers.redis_server import RedisServer, redis_server  # noqa: F401 - fixtures
from tests.journal.postgres_server import PostgresServer, postgres  # noqa: F401 - fixtures

_NAMES = map("rate-{}".format, count(1))


@pytest.fixture
def name() -> str:
    """Give a rate for this test alone."""
    return next(_NAMES)


@pytest.fixture(params=["redis", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    """Give one store after the other."""
    if request.param == "redis":
        server: RedisServer = request.getfixturevalue("redis_server")
        return server.url
    database: PostgresServer = request.getfixturevalue("postgres")
    return database.url("postgres")
