"""What the contract suite needs of an implementation of the log, and each implementation's kit."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Protocol

import asyncpg

from deploy.embedded.postgres import EmbeddedPostgres
from deploy.embedded.template import fresh_database
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


class PostgresKit:
    """The embedded log, each side as the role it has in service."""

    def __init__(self, server: EmbeddedPostgres, database: str, stack: AsyncExitStack) -> None:
        self._server, self._database, self._stack = server, database, stack

    async def open(self) -> None:
        """Connect the three sides."""
        self.intake = await self.another_intake()
        self.log = await self.another_log()
        pool = await self._pool(PROJECTION)
        self.leaves = PostgresLeaves(pool, self._hints(PROJECTION, LEAF_CHANNEL))

    async def another_intake(self) -> PostgresIntake:
        """A door."""
        return PostgresIntake(await self._pool(INGEST), self._hints(INGEST, LEAF_CHANNEL))

    async def another_log(self) -> PostgresSequencerLog:
        """A writer."""
        leaf, intake = (self._hints(SEQUENCER, name) for name in (LEAF_CHANNEL, INTAKE_CHANNEL))
        return PostgresSequencerLog(await self._pool(SEQUENCER), leaf, intake)

    async def listeners(self) -> int:
        """Sessions whose last statement was a LISTEN."""
        return len(await self._fetch(f"SELECT pid {_LISTENING}"))

    async def drop_listeners(self) -> None:
        """End them, and return when they are gone."""
        await self._fetch(f"SELECT pg_terminate_backend(pid, 10000) {_LISTENING}")

    async def _fetch(self, statement: str) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self._server.dsn(self._database))
        try:
            return await connection.fetch(statement)
        finally:
            await connection.close()

    async def _pool(self, role: str) -> asyncpg.Pool:
        pool = await connect_pool(self._server.dsn(self._database, role))
        self._stack.push_async_callback(pool.close)
        return pool

    def _hints(self, role: str, channel: str) -> Hints:
        hints = Hints(self._server.dsn(self._database, role), channel)
        self._stack.push_async_callback(hints.close)
        return hints


@asynccontextmanager
async def postgres_kit(server: EmbeddedPostgres) -> AsyncIterator[LogKit]:
    """The embedded log over a database of its own."""
    database = await fresh_database(server, TEMPLATE)
    async with AsyncExitStack() as stack:
        kit = PostgresKit(server, database, stack)
        await kit.open()
        yield kit
    connection = await asyncpg.connect(server.dsn())
    await connection.execute(f"DROP DATABASE {database} WITH (FORCE)")
    await connection.close()


#: Every implementation of the log; the suite runs once for each.
KITS: dict[str, Callable[[EmbeddedPostgres], AbstractAsyncContextManager[LogKit]]] = {
    "postgres": postgres_kit
}
