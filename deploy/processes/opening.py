"""Opens a side of the log in a database role, as the settings say where it lies.

Every process and every command comes through here, so that none of them knows which log it is.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from deploy.processes.settings import Stores
from events.log.connections import (
    COMMAND_SECONDS_MAX,
    INTAKE_CHANNEL,
    LEAF_CHANNEL,
    Hints,
    connect_pool,
)
from events.log.postgres import PostgresIntake, PostgresLeaves, PostgresSequencerLog
from events.log.protocol import Intake, Leaves, SequencerLog
from migrations.roles import INGEST, SEQUENCER
from migrations.run import engine_url

#: Seconds in which connections may be given back; then they are cut, for the server may be frozen.
_CLOSE_SECONDS = 2.0


@asynccontextmanager
async def open_intake(stores: Stores) -> AsyncIterator[Intake]:
    """The door's side."""
    async with _pool(stores, INGEST) as pool, _hints(stores, INGEST, LEAF_CHANNEL) as hints:
        yield PostgresIntake(pool, hints)


@asynccontextmanager
async def open_leaves(stores: Stores, role: str) -> AsyncIterator[Leaves]:
    """The readers' side, as a role that may read."""
    async with _pool(stores, role) as pool, _hints(stores, role, LEAF_CHANNEL) as hints:
        yield PostgresLeaves(pool, hints)


@asynccontextmanager
async def open_sequencer_log(stores: Stores, name: str = "") -> AsyncIterator[SequencerLog]:
    """The writer's side. `name`: of who writes, so that whoever takes over finds its sessions."""
    async with (
        _pool(stores, SEQUENCER, name) as pool,
        _hints(stores, SEQUENCER, LEAF_CHANNEL) as leaf_hints,
        _hints(stores, SEQUENCER, INTAKE_CHANNEL) as intake_hints,
    ):
        yield PostgresSequencerLog(pool, leaf_hints, intake_hints)


@asynccontextmanager
async def open_engine(dsn: str) -> AsyncIterator[AsyncEngine]:
    """Connections for SQLAlchemy; none waits for ever for a server that is frozen."""
    engine = create_async_engine(
        engine_url(dsn), connect_args={"command_timeout": COMMAND_SECONDS_MAX}
    )
    try:
        yield engine
    finally:
        await engine.dispose()


@asynccontextmanager
async def _pool(stores: Stores, role: str, name: str = "") -> AsyncIterator[asyncpg.Pool]:
    pool = await connect_pool(stores.dsn(role), name=name)
    try:
        yield pool
    finally:
        await _in_time(pool.close())


@asynccontextmanager
async def _hints(stores: Stores, role: str, channel: str) -> AsyncIterator[Hints]:
    hints = Hints(stores.dsn(role), channel)
    try:
        yield hints
    finally:
        await _in_time(hints.close())


async def _in_time(closing: Coroutine[Any, Any, None]) -> None:
    """Close in order, or cut off: both do so when they are cancelled."""
    with suppress(TimeoutError):
        await asyncio.wait_for(closing, _CLOSE_SECONDS)
