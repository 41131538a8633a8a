"""A caller at the door of each test's world, and one world that tests which keep nothing share."""

from collections.abc import AsyncIterator

import pytest

from deploy.embedded.postgres import EmbeddedPostgres
from tests.ingest.speaking import BETA, Caller
from tests.support.world import World, new_world


@pytest.fixture
async def caller(world: World) -> AsyncIterator[Caller]:
    """Talks to the door of this test's world."""
    made = Caller(world)
    async with made.http:
        yield made


@pytest.fixture(scope="module")
async def shared(postgres: EmbeddedPostgres) -> AsyncIterator[Caller]:
    """Talks to the door of a world of the whole module, where `beta` may speak too."""
    async with new_world(postgres) as world:
        await world.register(BETA)
        made = Caller(world)
        async with made.http:
            yield made
