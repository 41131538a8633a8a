"""One registry for each module of tests, since a fresh one costs half a second.

Every test says things under ids of its own; who changes the registry's keys asks for `lone`.
"""

from collections.abc import AsyncIterator

import pytest

from deploy.embedded.postgres import EmbeddedPostgres
from tests.ingest.speaking import BETA, Caller
from tests.support.world import World, new_world


@pytest.fixture(scope="module")
async def world(postgres: EmbeddedPostgres) -> AsyncIterator[World]:
    """The module's registry, where `beta` may speak too."""
    async with new_world(postgres) as made:
        await made.register(BETA)
        yield made


@pytest.fixture(scope="module")
async def caller(world: World) -> AsyncIterator[Caller]:
    """Talks to its door."""
    made = Caller(world)
    async with made.http:
        yield made


@pytest.fixture
async def lone(postgres: EmbeddedPostgres) -> AsyncIterator[Caller]:
    """Talks to the door of a registry of one test alone."""
    async with new_world(postgres) as made:
        yield Caller(made)
