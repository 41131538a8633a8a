"""One PostgreSQL for the whole run, one database for each test that asks for a world."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from deploy.embedded.postgres import EmbeddedPostgres
from migrations.roles import PROJECTION, ROLES
from migrations.run import upgrade
from services.projections.generation import create_generation
from tests.support.world import TEMPLATE, World, new_world

#: Databases of tests are thrown away: what survives a crash is tested where fsync is on.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A server with a migrated template, for tests that do not hurt it."""
    folder = Path(tempfile.mkdtemp(prefix="sj-", dir="/tmp"))
    folder.chmod(0o711)
    with EmbeddedPostgres(folder / "data", roles=ROLES, settings=FAST) as server:
        asyncio.run(_make_template(server))
        yield server
    shutil.rmtree(folder)


async def _make_template(server: EmbeddedPostgres) -> None:
    connection = await asyncpg.connect(server.dsn())
    await connection.execute(f"CREATE DATABASE {TEMPLATE}")
    await connection.close()
    await upgrade(server.dsn(TEMPLATE))
    connection = await asyncpg.connect(server.dsn(TEMPLATE, PROJECTION))
    await create_generation(connection, active=True)
    await connection.close()


@pytest.fixture
async def world(postgres: EmbeddedPostgres) -> AsyncIterator[World]:
    """A registry of its own for one test."""
    async with new_world(postgres) as made:
        yield made
