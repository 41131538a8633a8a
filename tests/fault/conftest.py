"""Servers that may be hurt: each test's own, with nothing switched off that a crash needs."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import asyncpg
import pytest

from deploy.embedded.postgres import EmbeddedPostgres
from migrations.roles import ROLES
from migrations.run import upgrade
from tests.support.world import World

#: Small, for a machine that runs another server for the other tests.
_SMALL = {"shared_buffers": "16MB", "max_wal_size": "64MB", "min_wal_size": "32MB"}


@contextmanager
def server_in(folder: Path) -> Iterator[EmbeddedPostgres]:
    """A server whose data lie in a folder; fsync is on."""
    with EmbeddedPostgres(folder / "data", roles=ROLES, settings=_SMALL) as server:
        yield server


@asynccontextmanager
async def world_on(server: EmbeddedPostgres) -> AsyncIterator[World]:
    """A registry in the server's one database."""
    connection = await asyncpg.connect(server.dsn())
    await connection.execute("CREATE DATABASE hurt")
    await connection.close()
    await upgrade(server.dsn("hurt"))
    world = World(server, "hurt")
    await world.open()
    yield world
    await world.close()


@pytest.fixture
def durable() -> Iterator[EmbeddedPostgres]:
    """A server for one test, which may kill it."""
    with tempfile.TemporaryDirectory(prefix="sj-", dir="/tmp") as folder:
        path = Path(folder)
        path.chmod(0o711)
        with server_in(path) as server:
            yield server
