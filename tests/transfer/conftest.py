"""One registry with a story and its export, for all tests; an empty log on Kafka for each."""

from collections.abc import AsyncIterator

import pytest

from deploy.embedded.postgres import EmbeddedPostgres
from events.log.kafka.client import KafkaAddress
from tests.log.kits import KafkaKit, kafka_kit
from tests.support.world import World, new_world
from tests.transfer.carrying import exported_from
from tests.transfer.story import tell_story


@pytest.fixture(scope="session")
async def story(postgres: EmbeddedPostgres) -> AsyncIterator[World]:
    """A registry that nobody changes."""
    async with new_world(postgres) as world:
        await tell_story(world)
        yield world


@pytest.fixture(scope="session")
async def exported(story: World) -> bytes:
    """Its log as a file."""
    return await exported_from(story)


@pytest.fixture
async def kit(postgres: EmbeddedPostgres, kafka: str, topics: str) -> AsyncIterator[KafkaKit]:
    """An empty log on Kafka."""
    async with kafka_kit(postgres, KafkaAddress(kafka, topics)) as made:
        yield made
