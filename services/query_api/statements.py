"""Statements with named values as the driver takes them, and connections to say them on."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from services.query_api.views import load_query

#: How the driver's statements are written.
_DIALECT = create_async_engine("postgresql+asyncpg://").dialect


class Statement(NamedTuple):
    """A statement with `$1` in it, and the name of the value that stands for each."""

    text: str
    order: tuple[str, ...]

    def values(self, given: Mapping[str, Any]) -> list[Any]:
        """Values by name, in the order of the statement."""
        return [given[name] for name in self.order]


def compiled(statement: str | Select[Any]) -> Statement:
    """A statement with `:name` or bound parameters in it."""
    made = text(statement) if isinstance(statement, str) else statement
    written = made.compile(dialect=_DIALECT)
    return Statement(str(written), tuple(written.positiontup or ()))


@cache
def named(name: str) -> Statement:
    """One of this service's own."""
    return compiled(load_query(name))


@asynccontextmanager
async def alive(engine: AsyncEngine) -> AsyncIterator[Any]:
    """The driver's own connection: one of the engine's that no server has closed meanwhile.

    A statement outside a transaction is one of its own, durable when it returns.
    """
    async with engine.connect() as connection:
        while (driver := await _driver(connection)).is_closed():
            await connection.invalidate()
        try:
            yield driver
        finally:
            # What broke in the middle of something is nobody else's to go on with.
            if driver.is_closed() or driver.is_in_transaction():
                await connection.invalidate()


async def _driver(connection: AsyncConnection) -> Any:
    return (await connection.get_raw_connection()).driver_connection
