"""What the contract suite needs of an implementation of the log, and each implementation's kit."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Protocol, TypeVar

import asyncpg

from deploy.embedded.postgres import EmbeddedPostgres
from deploy.embedded.template import fresh_database
from events.log.kafka.client import KafkaAddress
from events.log.kafka.intake import KafkaIntake
from events.log.kafka.leaves import KafkaLeaves
from events.log.kafka.sequencer import KafkaSequencerLog
from events.log.kafka.topics import apply_topics
from events.log.postgres import (
    INTAKE_CHANNEL,
    LEAF_CHANNEL,
    Hints,
    PostgresIntake,
    PostgresLeaves,
    PostgresSequencerLog,
    connect_pool,
)
from events.log.protocol import Intake, Leaves, SequencerLog
from migrations.roles import INGEST, PROJECTION, SEQUENCER
from tests.support.world import TEMPLATE

_Side = TypeVar("_Side", KafkaIntake, KafkaLeaves, KafkaSequencerLog)
#: Every table that Kafka's log derives, with the column that says of which leaf a row is.
DERIVED = {
    "leaf_place": "leaf_index",
    "submission": "leaf_index",
    "emitter": "leaf_index",
    "emitter_key": "leaf_index",
    "quarantine": "act_leaf",
}
_LISTENING = "FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"


class LogKit(Protocol):
    """One empty log and every side of it, each with connections of its own."""

    @property
    def intake(self) -> Intake:
        """The door's side."""

    @property
    def leaves(self) -> Leaves:
        """The readers' side."""

    @property
    def log(self) -> SequencerLog:
        """The writer's side."""

    async def another_intake(self) -> Intake:
        """A second door's side."""

    async def another_log(self) -> SequencerLog:
        """A second writer's side."""

    async def listeners(self) -> int:
        """Connections over which hints come."""

    async def drop_listeners(self) -> None:
        """Cut them all."""


class _Kit:
    """What the kits share: one database, and each side's connections to it."""

    def __init__(self, server: EmbeddedPostgres, database: str, stack: AsyncExitStack) -> None:
        self._server, self._database, self._stack = server, database, stack

    def dsn(self, role: str = "postgres") -> str:
        """The database as a role."""
        return self._server.dsn(self._database, role)

    async def listeners(self) -> int:
        """Sessions whose last statement was a LISTEN."""
        return len(await self.execute(f"SELECT pid {_LISTENING}"))

    async def drop_listeners(self) -> None:
        """End them, and return when they are gone."""
        await self.execute(f"SELECT pg_terminate_backend(pid, 10000) {_LISTENING}")

    async def execute(self, statement: str) -> list[asyncpg.Record]:
        """A statement that no service may run; its rows."""
        connection = await asyncpg.connect(self.dsn())
        try:
            return await connection.fetch(statement)
        finally:
            await connection.close()

    async def pool(self, role: str) -> asyncpg.Pool:
        """Connections of a role, closed with the kit."""
        pool = await connect_pool(self.dsn(role))
        self._stack.push_async_callback(pool.close)
        return pool

    def _hints(self, role: str, channel: str = LEAF_CHANNEL) -> Hints:
        hints = Hints(self.dsn(role), channel)
        self._stack.push_async_callback(hints.close)
        return hints


class PostgresKit(_Kit):
    """The embedded log, each side as the role it has in service."""

    async def open(self) -> None:
        """Connect the three sides."""
        self.intake = await self.another_intake()
        self.log = await self.another_log()
        self.leaves = PostgresLeaves(await self.pool(PROJECTION), self._hints(PROJECTION))

    async def another_intake(self) -> PostgresIntake:
        """A door."""
        return PostgresIntake(await self.pool(INGEST), self._hints(INGEST))

    async def another_log(self) -> PostgresSequencerLog:
        """A writer."""
        leaf, intake = self._hints(SEQUENCER), self._hints(SEQUENCER, INTAKE_CHANNEL)
        return PostgresSequencerLog(await self.pool(SEQUENCER), leaf, intake)


class KafkaKit(_Kit):
    """The log on a real Kafka, its topics its own."""

    def __init__(
        self,
        server: EmbeddedPostgres,
        database: str,
        stack: AsyncExitStack,
        address: KafkaAddress,
    ) -> None:
        super().__init__(server, database, stack)
        self.address = address

    async def open(self) -> None:
        """Connect the three sides, at once: each has several clients."""
        self.intake, self.log, self.leaves = await asyncio.gather(
            self.another_intake(), self.another_log(), self._readers()
        )

    async def another_intake(self) -> KafkaIntake:
        """A door."""
        pool, hints = await self.pool(INGEST), self._hints(INGEST)
        return self._closing(await KafkaIntake.open(self.address, pool, hints))

    async def another_log(self) -> KafkaSequencerLog:
        """A writer."""
        pool, hints = await self.pool(SEQUENCER), self._hints(SEQUENCER)
        return self._closing(await KafkaSequencerLog.open(self.address, pool, hints))

    async def forget_index(self, first: int = 0) -> None:
        """Take a leaf and those behind it out of the index, as a crash before its transaction
        leaves it, or a database that was restored to an earlier time."""
        for table, column in DERIVED.items():
            await self.execute(f"DELETE FROM log.{table} WHERE {column} >= {first}")

    async def _readers(self) -> KafkaLeaves:
        pool, hints = await self.pool(PROJECTION), self._hints(PROJECTION)
        return self._closing(await KafkaLeaves.open(self.address, pool, hints))

    def _closing(self, side: _Side) -> _Side:
        self._stack.push_async_callback(side.close)
        return side


@asynccontextmanager
async def _database(server: EmbeddedPostgres) -> AsyncIterator[tuple[str, AsyncExitStack]]:
    """A migrated database of its own, and what to close before it is dropped."""
    database = await fresh_database(server, TEMPLATE)
    async with AsyncExitStack() as stack:
        yield database, stack
    connection = await asyncpg.connect(server.dsn())
    await connection.execute(f"DROP DATABASE {database} WITH (FORCE)")
    await connection.close()


@asynccontextmanager
async def postgres_kit(server: EmbeddedPostgres) -> AsyncIterator[PostgresKit]:
    """The embedded log over a database of its own."""
    async with _database(server) as (database, stack):
        kit = PostgresKit(server, database, stack)
        await kit.open()
        yield kit


@asynccontextmanager
async def kafka_kit(server: EmbeddedPostgres, address: KafkaAddress) -> AsyncIterator[KafkaKit]:
    """The log on Kafka over topics and a database of its own."""
    # Broker and database are asked at once: both take their time.
    making = asyncio.create_task(apply_topics(address))
    async with _database(server) as (database, stack):
        await making
        kit = KafkaKit(server, database, stack, address)
        await kit.open()
        yield kit
