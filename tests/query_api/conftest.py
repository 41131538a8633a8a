"""One told register for all tests that only read, and a fresh one for those that add to it."""

from collections.abc import AsyncIterator

import httpx
import pytest

from deploy.embedded.postgres import EmbeddedPostgres
from tests.query_api.query_world import QueryWorld, tell_story
from tests.support.world import new_world


@pytest.fixture
async def empty(postgres: EmbeddedPostgres) -> AsyncIterator[QueryWorld]:
    """A register of a test's own: its emitters are registered and have said nothing."""
    async with new_world(postgres) as made, QueryWorld.around(made) as world:
        yield world


@pytest.fixture(scope="session")
async def told(postgres: EmbeddedPostgres) -> AsyncIterator[QueryWorld]:
    """The register after its story; no test may change it."""
    async with new_world(postgres) as made, QueryWorld.around(made) as world:
        await tell_story(world)
        yield world


@pytest.fixture(scope="session")
async def client(told: QueryWorld) -> AsyncIterator[httpx.AsyncClient]:
    async with told.client() as opened:
        yield opened
