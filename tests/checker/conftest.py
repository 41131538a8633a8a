"""One PostgreSQL for these tests; each test has a database of its own."""

import asyncio
import itertools
import uuid
from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest
from checker_settled import fill
from checker_topics import Log, read_embedded, write
from checker_world import World

from deploy.embedded.postgres import EmbeddedPostgres
from events.log.kafka.client import KafkaAddress
from events.log.postgres import connect_pool
from migrations.roles import ROLES
from migrations.run import upgrade
from tests.support.folders import passing_folder
from tests.support.kafka import delete_topics

_numbers = itertools.count(1)
#: What a crash would cost does not matter to a test.
_FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "shared_buffers": "64MB",
    "max_wal_size": "256MB",
}


@pytest.fixture(scope="session")
def checker_server() -> Iterator[EmbeddedPostgres]:
    """A server that an unprivileged account can reach."""
    with (
        passing_folder() as path,
        EmbeddedPostgres(path / "data", roles=ROLES, settings=_FAST) as server,
    ):
        yield server


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


@pytest.fixture(scope="session")
async def log(migrated: EmbeddedPostgres, settled: str) -> Log:
    """The seven leaves, to be written into topics."""
    connection = await asyncpg.connect(migrated.dsn(settled))
    async with connection.transaction(isolation="repeatable_read"):
        made = await read_embedded(connection)
    await connection.close()
    return made


@pytest.fixture(scope="session")
async def indexed(migrated: EmbeddedPostgres, settled: str, log: Log) -> str:
    """A database with the index and the views of that log, and no log in it."""
    connection = await asyncpg.connect(migrated.dsn())
    await connection.execute(f"CREATE DATABASE indexed TEMPLATE {settled}")
    await connection.close()
    connection = await asyncpg.connect(migrated.dsn("indexed"))
    await connection.execute("DELETE FROM log.leaf; DELETE FROM log.intake")
    await connection.execute("UPDATE log.intake_counter SET next_offset = 0")
    await connection.close()
    return "indexed"


@pytest.fixture
async def index(migrated: EmbeddedPostgres, indexed: str) -> AsyncIterator[asyncpg.Connection]:
    """A transaction in which a test may write what it likes: it is rolled back."""
    connection = await asyncpg.connect(migrated.dsn(indexed))
    transaction = connection.transaction(isolation="repeatable_read")
    await transaction.start()
    yield connection
    await transaction.rollback()
    await connection.close()


@pytest.fixture(scope="session")
async def sound(kafka: str, log: Log) -> AsyncIterator[KafkaAddress]:
    """Topics with the log as it is, for tests that tamper with the index alone."""
    address = KafkaAddress(kafka, prefix=f"checker-{uuid.uuid4().hex}")
    await write(address, log)
    yield address
    await asyncio.to_thread(delete_topics, kafka, address.prefix)


@pytest.fixture
def address(kafka: str, topics: str) -> KafkaAddress:
    """Where a test may write topics of its own."""
    return KafkaAddress(kafka, prefix=topics)


async def _run(server: EmbeddedPostgres, statement: str) -> None:
    connection = await asyncpg.connect(server.dsn())
    await connection.execute(statement)
    await connection.close()
