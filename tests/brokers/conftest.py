"""Fixtures of the brokers' tests."""

from tests.brokers.kafka_server import kafka, kafka_server  # noqa: F401 - fixtures
from tests.brokers.nats_server import nats, nats_server  # noqa: F401 - fixtures
from tests.brokers.rabbitmq_server import rabbitmq, rabbitmq_server  # noqa: F401 - fixtures
from tests.brokers.redis_server import redis, redis_server  # noqa: F401 - fixtures
from tests.journal.postgres_server import database, postgres  # noqa: F401 - fixtures
