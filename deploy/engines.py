"""Connections for SQLAlchemy, through which views are read and accesses recorded."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from events.log.connections import COMMAND_SECONDS_MAX
from migrations.address import engine_url


@asynccontextmanager
async def open_engine(
    dsn: str, command_seconds: float = COMMAND_SECONDS_MAX
) -> AsyncIterator[AsyncEngine]:
    """Connections to a database; none waits for ever for a server that is frozen."""
    engine = create_async_engine(engine_url(dsn), connect_args={"command_timeout": command_seconds})
    try:
        yield engine
    finally:
        await engine.dispose()
