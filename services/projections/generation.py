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
            "INSERT INTO projection.generation (number, active, tzdata, shape)"
            " VALUES ($1, $2, $3, $4)",
            number,
            active,
            tzdata_version(),
            catalogue.shape(),
        )
    return number


async def has_our_shape(connection: asyncpg.Connection, number: int) -> bool:
    """Whether a generation is made of the tables that this version knows."""
    shape: str | None = await connection.fetchval(
        "SELECT shape FROM projection.generation WHERE number = $1", number
    )
    return shape == catalogue.shape()


async def switch_to(connection: asyncpg.Connection, number: int) -> None:
    """Let a generation answer from now on; inside the caller's transaction."""
    await connection.execute("UPDATE projection.generation SET active = false WHERE active")
    await connection.execute(
        "UPDATE projection.generation SET active = true WHERE number = $1", number
    )


async def idle_generations(connection: asyncpg.Connection) -> list[int]:
    """Generations that do not answer: being built, replaced, or left by a rebuild that died."""
    rows = await connection.fetch(
        "SELECT number FROM projection.generation WHERE NOT active ORDER BY number"
    )
    return [row["number"] for row in rows]


async def drop_generation(connection: asyncpg.Connection, number: int) -> None:
    """Remove a generation, unless it answers."""
    async with connection.transaction():
        deleted = await connection.execute(
            "DELETE FROM projection.generation WHERE number = $1 AND NOT active", number
        )
        if deleted == "DELETE 1":
            await connection.execute(f"DROP SCHEMA IF EXISTS {schema_of(number)} CASCADE")


async def export_view(
    connection: asyncpg.Connection, number: int, name: str
) -> AsyncIterator[asyncpg.Record]:
    """The rows of a view in natural-key order, inside the caller's transaction."""
    await _turn_to(connection, number)
    async for row in connection.cursor(catalogue.export_sql(name), prefetch=_EXPORT_ROWS):
        yield row


async def view_digest(connection: asyncpg.Connection, number: int, name: str) -> tuple[Any, ...]:
    """What equal rows of a view have in common, inside the caller's transaction."""
    await _turn_to(connection, number)
    (row,) = await connection.fetch(catalogue.digest_sql(name))
    return tuple(row)


async def _turn_to(connection: asyncpg.Connection, number: int) -> None:
    """Read whole views of a generation, also where a projection's folds may not."""
    await connection.execute(
        f"SET LOCAL search_path TO {schema_of(number)}; SET LOCAL enable_seqscan TO on"
    )
