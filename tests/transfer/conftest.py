"""One registry with a story and its export, for all tests; empty topics for each."""

from collections.abc import AsyncIterator

import pytest

from deploy.embedded.postgres import EmbeddedPostgres
from deploy.embedded.template import fresh_database
from events.log.kafka.client import KafkaAddress
from events.log.kafka.topics import apply_topics
from tests.support.world import TEMPLATE, World, new_world
from tests.transfer.carrying import Target, execute, exported_from
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
async def target(postgres: EmbeddedPostgres, kafka: str, topics: str) -> AsyncIterator[Target]:
    """Empty topics and an empty index."""
    address = KafkaAddress(kafka, topics)
    await apply_topics(address)
    database = await fresh_database(postgres, TEMPLATE)
    yield Target(address, postgres, database)
    await execute(postgres.dsn(), f"DROP DATABASE {database} WITH (FORCE)")
