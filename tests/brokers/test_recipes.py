"""`examples/consume_*.py`: what every recipe has to do, and each broken in one thing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from tests.brokers import checks, test_kafka, test_nats, test_rabbitmq, test_redis
from tests.brokers.harness import LONG, Broker, Run, check_exactly_once, long
from tests.brokers.kafka_server import Kafka
from wallet_async.sandbox import Fault

ANSWERS_NEVER = Fault("hang", operation="credit", times=1)
COMES_NEVER = Fault("hang", where="before", operation="credit", times=1)


@frozen
class Case:
    """One broker; its fixture has its name."""

    soon: Mapping[str, Any]
    """What makes a message of a killed process come again soon."""
    loses: str
    """The sabotage that acknowledges before the credit is made."""


CASES = {
    "kafka": Case(test_kafka.SOON, "tests.brokers.test_kafka:committing_by_itself"),
    "nats": Case(test_nats.SOON, "tests.brokers.test_nats:acknowledging_first"),
    "rabbitmq": Case(test_rabbitmq.SOON, "tests.brokers.test_rabbitmq:acknowledging_first"),
    "redis": Case(test_redis.SOON, "tests.brokers.test_redis:acknowledging_first"),
}


@pytest.fixture(params=CASES if LONG else ["nats"])
def name(request: pytest.FixtureRequest) -> str:
    """Give one broker after the other; without BROKER_EVENTS only the one that starts at once."""
    return request.param


@pytest.fixture
def case(name: str) -> Case:
    """Give what is special about it."""
    return CASES[name]


@pytest.fixture
def broker(name: str, request: pytest.FixtureRequest) -> Broker:
    """Give its queues, empty."""
    return request.getfixturevalue(name)


@pytest.fixture
def in_line(broker: Broker) -> Broker:
    """Give it with all messages in one line: Kafka's recipe has a bound for each partition."""
    if isinstance(broker, Kafka):
        broker.keyed = False
    return broker


@pytest.fixture
def journal(tmp_path: Path) -> str:
    """Give the URL of a journal for this test."""
    return f"sqlite:///{tmp_path}/journal.db"


@pytest.mark.timeout(1800)
async def test_each_is_booked_once(broker: Broker, case: Case, journal: str) -> None:
    """Redelivered, sent twice, killed again and again: credits = events, and what is poisonous is put aside."""
    await check_exactly_once(broker, journal, Run(), constants=case.soon)


@long
async def test_a_message_that_comes_again_is_booked_once(broker: Broker, case: Case, journal: str) -> None:
    """Killed after the provider has booked and before it has answered: the message comes again, and moves nothing."""
    await checks.check_redelivered(broker, journal, ANSWERS_NEVER, constants=case.soon)


@long
async def test_a_name_that_changes_with_the_delivery_books_twice(broker: Broker, case: Case, journal: str) -> None:
    """Sabotaged twin: an event that is named by its delivery."""
    twin = "tests.brokers.twins:doubling"
    with pytest.raises(AssertionError, match="doubled"):
        await checks.check_redelivered(broker, journal, ANSWERS_NEVER, constants=case.soon, twin=twin)


@long
async def test_a_message_whose_credit_never_arrived_is_booked(broker: Broker, case: Case, journal: str) -> None:
    """Killed before the provider has booked: the message comes again, and is booked once that is certain."""
    await checks.check_redelivered(broker, journal, COMES_NEVER, constants=case.soon)


@long
async def test_acknowledging_first_loses(broker: Broker, case: Case, journal: str) -> None:
    """Sabotaged twin: a message that is acknowledged before its credit is made is lost with the process."""
    with pytest.raises(AssertionError, match="lost"):
        await checks.check_redelivered(broker, journal, COMES_NEVER, constants=case.soon, twin=case.loses)


@long
async def test_poison_is_put_aside(broker: Broker, case: Case, journal: str) -> None:
    """What no delivery makes better goes to the dead letters with its reason, and keeps nothing back."""
    await checks.check_poison(broker, journal, constants=case.soon)


@long
async def test_poison_that_is_dropped(broker: Broker, case: Case, journal: str) -> None:
    """Sabotaged twin: poison is acknowledged and gone."""
    with pytest.raises(AssertionError, match="poison"):
        await checks.check_poison(broker, journal, constants=case.soon, twin="tests.brokers.twins:silent")


@long
async def test_order_of_a_wallet(broker: Broker, case: Case, journal: str) -> None:
    """Movements of one wallet are booked in the order of the stream, or of the partition."""
    await checks.check_order(broker, journal, constants=case.soon)


@long
async def test_one_that_is_overtaken(broker: Broker, case: Case, journal: str) -> None:
    """Sabotaged twin: the first event is handed over after the second."""
    twin = "tests.brokers.twins:overtaking"
    with pytest.raises(AssertionError, match="out of order"):
        await checks.check_order(broker, journal, constants=case.soon, twin=twin)


@long
async def test_prefetch_is_bounded(in_line: Broker, case: Case, journal: str) -> None:
    """`PREFETCH` messages are worked on at once, of a partition if there are any, and no more."""
    await checks.check_prefetch(in_line, journal, prefetch=3, bound=3, constants=case.soon)


@long
async def test_prefetch_above_the_bound(in_line: Broker, case: Case, journal: str) -> None:
    """Sabotaged twin: one more."""
    with pytest.raises(AssertionError, match="4 at once"):
        await checks.check_prefetch(in_line, journal, prefetch=4, bound=3, constants=case.soon)


@long
async def test_stopped_by_a_signal(in_line: Broker, case: Case, journal: str) -> None:
    """SIGTERM: what has begun is finished and acknowledged, the rest stays in the stream."""
    await checks.check_stopped(in_line, journal, constants=case.soon)


@long
async def test_ended_by_a_signal(in_line: Broker, case: Case, journal: str) -> None:
    """Sabotaged twin: a recipe that does not listen to signals is ended in the middle."""
    with pytest.raises(AssertionError, match="cleanly"):
        await checks.check_stopped(in_line, journal, constants=case.soon, twin="tests.brokers.twins:abrupt")
