"""The contract suite runs over every implementation of the log."""

from collections.abc import AsyncIterator

import pytest

from deploy.embedded.postgres import EmbeddedPostgres
from events.log.kafka.client import KafkaAddress
from events.log.kafka.topics import apply_topics
from tests.log.kits import KafkaKit, LogKit, kafka_kit, postgres_kit


@pytest.fixture
def address(kafka: str, topics: str) -> KafkaAddress:
    """Topics of one test's own, which are not made yet."""
    return KafkaAddress(kafka, topics)


@pytest.fixture
async def made(address: KafkaAddress) -> KafkaAddress:
    """The same, made."""
    await apply_topics(address)
    return address


@pytest.fixture(params=["postgres", "kafka"])
async def kit(request: pytest.FixtureRequest, postgres: EmbeddedPostgres) -> AsyncIterator[LogKit]:
    """An empty log."""
    if request.param == "postgres":
        async with postgres_kit(postgres) as embedded:
            yield embedded
    else:
        address = request.getfixturevalue("address")
        async with kafka_kit(postgres, address) as distributed:
            yield distributed


@pytest.fixture
async def on_kafka(address: KafkaAddress, postgres: EmbeddedPostgres) -> AsyncIterator[KafkaKit]:
    """An empty log on Kafka."""
    async with kafka_kit(postgres, address) as distributed:
        yield distributed
