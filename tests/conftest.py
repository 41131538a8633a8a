"""One PostgreSQL for each process of a run, one Kafka for all; a world for a test that asks."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from deploy.embedded.postgres import EmbeddedPostgres
from deploy.kafka.programs import Programs, usable_programs
from migrations.roles import PROJECTION, ROLES
from migrations.run import upgrade
from services.projections.generation import create_generation
from tests.support import kafka as support
from tests.support.folders import passing_folder
from tests.support.world import TEMPLATE, World, new_world

#: Databases of tests are thrown away: what survives a crash is tested where fsync is on.
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_wal_size": "256MB",
    "shared_buffers": "128MB",
}
#: Files that take longest, in this order: begun last, one of them would keep one worker busy long
#: after the others are done.
LONG = (
    "tests/fault/test_storm.py",
    "tests/deploy/test_processes_kafka.py",
    "tests/transfer/test_moving.py",
    "tests/deploy/test_demo_command.py",
    "tests/deploy/test_processes.py",
    "tests/deploy/test_operating.py",
    "tests/deploy/test_up.py",
    "tests/deploy/test_up_kafka.py",
    "tests/docs/test_docs_running.py",
    "tests/kit/test_sandbox.py",
    "tests/kafka/test_kafka_node.py",
    "tests/kafka/test_kafka_three.py",
    "tests/log/test_kafka_broker_away.py",
)
#: Where the processes of one run find its broker.
RUN = pytest.StashKey[support.Run]()


def pytest_configure(config: pytest.Config) -> None:
    """Workers share the run of the process that started them."""
    # A shell's background job ignores Ctrl-C, and so would the programs that tests interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if (given := getattr(config, "workerinput", None)) is not None:
        config.stash[RUN] = support.Run(Path(given["kafka_run"]))
        return
    stack = ExitStack()
    config.stash[RUN] = stack.enter_context(support.new_run())
    config.add_cleanup(stack.close)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long files first, in their order; workers take files as they come."""
    assert all((config.rootpath / file).is_file() for file in LONG), "a long file has a new name"
    rank = {file: place for place, file in enumerate(LONG)}
    items.sort(key=lambda item: rank.get(item.location[0], len(rank)))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist where the run's broker is found."""
    node.workerinput["kafka_run"] = str(node.config.stash[RUN].folder)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was left out."""
    support.say_left_out(terminalreporter)


@pytest.fixture(scope="session")
def kafka(pytestconfig: pytest.Config) -> str:
    """Bootstrap servers of a real Kafka of one node, the same for every process of the run.

    The one named in SIJILL_TEST_KAFKA, else one of ours. Tests that hurt a broker start a
    `Cluster` of their own (`kafka_programs`).
    """
    if address := os.environ.get(support.ADDRESS):
        return address
    support.leave_out_unless_usable()
    return pytestconfig.stash[RUN].kafka()


@pytest.fixture
def topics(kafka: str) -> Iterator[str]:
    """The topic prefix of one test, which has all topics under it to itself."""
    prefix = f"t{uuid4().hex}"
    yield prefix
    support.delete_topics(kafka, prefix)


@pytest.fixture(scope="session")
def kafka_programs() -> Programs:
    """What a `Cluster` of a test's own runs on, fetched; without it the test is left out."""
    support.leave_out_unless_usable()
    return usable_programs()


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A server with a migrated template, for tests that do not hurt it."""
    with (
        passing_folder() as folder,
        EmbeddedPostgres(folder / "data", roles=ROLES, settings=FAST) as server,
    ):
        asyncio.run(_make_template(server))
        yield server


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
