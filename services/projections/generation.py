"""Generations: full sets of views, each in a schema of its own, one of them active."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg

from events.days import tzdata_version
from migrations.roles import OPERATOR, QUERY
from services.projections import catalogue

#: Rows fetched at once when a view is exported.
_EXPORT_ROWS = 5_000


def schema_of(number: int) -> str:
    """The schema of a generation."""
    return f"view_{number}"


async def active_generation(connection: asyncpg.Connection) -> int | None:
    """The generation that answers, or None before the first."""
    number: int | None = await connection.fetchval(
        "SELECT number FROM projection.generation WHERE active"
    )
    return number


async def create_generation(connection: asyncpg.Connection, *, active: bool) -> int:
    """Make the tables of a new generation, empty, its cursor at leaf 0."""
    async with connection.transaction():
        # Two starters must not both make the first generation.
        await connection.execute("LOCK TABLE projection.generation IN SHARE ROW EXCLUSIVE MODE")
        standing = await active_generation(connection)
        if active and standing is not None:
            return standing
        number: int = await connection.fetchval(
            "SELECT coalesce(max(number), 0) + 1 FROM projection.generation"
        )
        schema = schema_of(number)
        await connection.execute(f"CREATE SCHEMA {schema}")
        await connection.execute(f"SET LOCAL search_path TO {schema}")
        for name in catalogue.TABLES:
            await connection.execute(catalogue.table_sql(name))
        await connection.execute(f"GRANT USAGE ON SCHEMA {schema} TO {QUERY}, {OPERATOR}")
        await connection.execute(
            f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {QUERY}, {OPERATOR}"
        )
        await connection.execute(
            "INSERT INTO projection.generation (number, active, tzdata) VALUES ($1, $2, $3)",
            number,
            active,
            tzdata_version(),
        )
    return number


async def switch_to(connection: asyncpg.Connection, number: int) -> None:
    """Let a generation answer from now on; inside the caller's transaction."""
    await connection.execute("UPDATE projection.generation SET active = false WHERE active")
    await connection.execute(
        "UPDATE projection.generation SET active = true WHERE number = $1", number
    )


async def drop_generation(connection: asyncpg.Connection, number: int) -> None:
    """Remove a generation that does not answer."""
    async with connection.transaction():
        await connection.execute(
            "DELETE FROM projection.generation WHERE number = $1 AND NOT active", number
        )
        await connection.execute(f"DROP SCHEMA IF EXISTS {schema_of(number)} CASCADE")


async def export_view(
    connection: asyncpg.Connection, number: int, name: str
) -> AsyncIterator[tuple[Any, ...]]:
    """The rows of a view in natural-key order, inside the caller's transaction."""
    await connection.execute(f"SET LOCAL search_path TO {schema_of(number)}")
    async for row in connection.cursor(catalogue.export_sql(name), prefetch=_EXPORT_ROWS):
        yield tuple(row)


async def first_difference(
    old_side: asyncpg.Connection, old: int, new_side: asyncpg.Connection, new: int
) -> tuple[str, Any, Any] | None:
    """The first view and rows in which two generations differ, or None.

    Each side is read in the snapshot of its own connection's transaction.
    """
    for name in catalogue.VIEWS:
        left, right = export_view(old_side, old, name), export_view(new_side, new, name)
        while True:
            a, b = await anext(left, None), await anext(right, None)
            if a != b:
                return name, a, b
            if a is None:
                break
    return None
