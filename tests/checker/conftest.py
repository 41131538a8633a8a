"""One PostgreSQL for these tests; each test has a database of its own."""

import itertools
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from checker_settled import fill
from checker_world import World

from deploy.embedded.postgres import EmbeddedPostgres
from events.log.postgres import connect_pool
from migrations.roles import ROLES
from migrations.run import upgrade

_numbers = itertools.count(1)
#: What a crash would cost does not matter to a test.
_FAST = {"fsync": "off", "synchronous_commit": "off", "shared_buffers": "64MB"}


@pytest.fixture(scope="session")
def checker_server() -> Iterator[EmbeddedPostgres]:
    """A server that an unprivileged account can reach."""
    path = Path(tempfile.mkdtemp(prefix="sj-", dir="/tmp"))
    path.chmod(0o711)
    with EmbeddedPostgres(path / "data", roles=ROLES, settings=_FAST) as server:
        yield server
    shutil.rmtree(path)


@pytest.fixture(scope="session")
async def migrated(checker_server: EmbeddedPostgres) -> EmbeddedPostgres:
    """The server with a migrated database `template` to copy."""
    await _run(checker_server, "CREATE DATABASE template")
    await upgrade(checker_server.dsn("template"))
    return checker_server


@pytest.fixture
async def world(migrated: EmbeddedPostgres) -> AsyncIterator[World]:
    """An empty registry."""
    name = f"world{next(_numbers)}"
    await _run(migrated, f"CREATE DATABASE {name} TEMPLATE template")
    pool = await connect_pool(migrated.dsn(name), most=2)
    yield World(migrated.dsn(name), pool)
    await pool.close()
    await _run(migrated, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
async def settled(migrated: EmbeddedPostgres) -> str:
    """The name of a database with seven leaves, folded: the template of the tampered ones."""
    await _run(migrated, "CREATE DATABASE settled TEMPLATE template")
    pool = await connect_pool(migrated.dsn("settled"), most=2)
    await fill(World(migrated.dsn("settled"), pool))
    await pool.close()
    return "settled"


async def _run(server: EmbeddedPostgres, statement: str) -> None:
    connection = await asyncpg.connect(server.dsn())
    await connection.execute(statement)
    await connection.close()
