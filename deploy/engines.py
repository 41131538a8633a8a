"""Connections for SQLAlchemy, through which views are read and accesses recorded."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from events.log.connections import COMMAND_SECONDS_MAX
from migrations.address import engine_url

#: Connections that are kept once a burst of requests needed them, and those that go with it: the
#: first answer on a new one takes ten milliseconds more, when there is the least time. All services
#: together must stay below the hundred that PostgreSQL gives.
_KEPT, _PASSING = 6, 6


@asynccontextmanager
async def open_engine(
    dsn: str, command_seconds: float = COMMAND_SECONDS_MAX
) -> AsyncIterator[AsyncEngine]:
    """Connections to a database; none waits for ever for a server that is frozen."""
    engine = create_async_engine(
        engine_url(dsn),
        connect_args={"command_timeout": command_seconds},
        pool_size=_KEPT,
        max_overflow=_PASSING,
    )
    try:
        yield engine
    finally:
        await engine.dispose()
