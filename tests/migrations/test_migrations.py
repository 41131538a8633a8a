"""The schemas that outlive a generation: migrations agree with the tables, roles stay narrow."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from deploy.embedded.postgres import EmbeddedPostgres
from migrations import roles
from migrations.address import engine_url
from migrations.run import config, upgrade
from migrations.tables import SCHEMAS, metadata
from tests.support.world import World

HISTORY = ("log.intake", "log.leaf", "log.submission", "log.emitter", "log.emitter_key")


@pytest.fixture
async def empty(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    connection = await asyncpg.connect(postgres.dsn())
    await connection.execute("CREATE DATABASE migrating")
    yield postgres.dsn("migrating")
    await connection.execute("DROP DATABASE migrating WITH (FORCE)")
    await connection.close()


async def run_sync(dsn: str, act: object) -> object:
    engine = create_async_engine(engine_url(dsn))
    async with engine.begin() as connection:
        result = await connection.run_sync(act)  # type: ignore[arg-type]
    await engine.dispose()
    return result


def difference(connection: Connection) -> list[object]:
    def ours(name: str | None, kind: str, parents: object) -> bool:
        return kind != "schema" or name in SCHEMAS

    context = MigrationContext.configure(
        connection, opts={"include_schemas": True, "include_name": ours, "compare_type": True}
    )
    return list(compare_metadata(context, metadata))


async def test_migrations_give_exactly_the_tables_of_the_code(empty: str) -> None:
    await upgrade(empty)

    assert await run_sync(empty, difference) == []


async def test_up_down_up_ends_where_it_began(empty: str) -> None:
    await upgrade(empty)
    await run_sync(empty, lambda connection: command.downgrade(config(connection), "base"))
    await upgrade(empty)

    assert await run_sync(empty, difference) == []


async def test_migrating_again_changes_nothing(empty: str) -> None:
    await upgrade(empty)
    await upgrade(empty)

    assert await run_sync(empty, difference) == []


async def test_no_role_can_change_history(world: World) -> None:
    connection = await asyncpg.connect(world.dsn())
    try:
        for table in HISTORY:
            for role in roles.ROLES:
                for privilege in ("UPDATE", "DELETE", "TRUNCATE"):
                    allowed = "SELECT has_table_privilege($1, $2, $3)"
                    held = await connection.fetchval(allowed, role, table, privilege)
                    assert not held, (role, table, privilege)
    finally:
        await connection.close()


async def test_the_reading_role_cannot_write_anywhere(world: World) -> None:
    connection = await asyncpg.connect(world.dsn())
    try:
        tables = await connection.fetch(
            "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables "
            "WHERE schemaname LIKE 'view%' OR schemaname = ANY ($1)",
            list(SCHEMAS),
        )
        assert len(tables) > 20
        for table in tables:
            for privilege in ("INSERT", "UPDATE", "DELETE", "TRUNCATE"):
                allowed = "SELECT has_table_privilege($1, $2, $3)"
                held = await connection.fetchval(allowed, roles.QUERY, table["name"], privilege)
                assert not held, (table["name"], privilege)
    finally:
        await connection.close()


async def test_the_audit_role_can_add_lines_and_read_none(world: World) -> None:
    connection = await asyncpg.connect(world.dsn(roles.AUDIT))
    try:
        line = "INSERT INTO audit.access (who, role, what, position) VALUES ('a', 'b', 'c', 1)"
        await connection.execute(line)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch("SELECT * FROM audit.access")
    finally:
        await connection.close()
