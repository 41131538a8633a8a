"""One register for all tests of the query API: a real log, folded for real, read by real roles.

The world is told in `query_world.py`; tests only read it, or build one more register of their own.
"""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from query_world import World, tell_story

from deploy.embedded.postgres import EmbeddedPostgres
from deploy.embedded.template import fresh_database
from migrations.roles import ROLES
from migrations.run import upgrade

TEMPLATE = "template_query"


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedPostgres]:
    # Not `tmp_path`: as root the server runs under an account that cannot enter it.
    path = Path(tempfile.mkdtemp(prefix="sj-", dir="/tmp"))
    path.chmod(0o711)
    with EmbeddedPostgres(path / "data", roles=ROLES) as running:
        yield running
    shutil.rmtree(path)


@pytest.fixture(scope="session")
async def template(server: EmbeddedPostgres) -> str:
    name = await fresh_database(server, "template1")
    await upgrade(server.dsn(name))
    return name


@pytest.fixture
async def empty(server: EmbeddedPostgres, template: str) -> AsyncIterator[World]:
    """A register of a test's own, established and nothing more."""
    async with World.opened(server, await fresh_database(server, template)) as world:
        await world.establish()
        yield world


@pytest.fixture(scope="session")
async def world(server: EmbeddedPostgres, template: str) -> AsyncIterator[World]:
    async with World.opened(server, await fresh_database(server, template)) as told:
        await tell_story(told)
        yield told


@pytest.fixture(scope="session")
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with world.client() as opened:
        yield opened
