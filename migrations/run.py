"""Bring a database to the newest version, under a lock, by one command."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from migrations.address import engine_url
from migrations.roles import GRANTS, ROLES, database_grant

#: Any number, the same in every version: only one migration runs at a time.
_LOCK = 0x51711
#: A migration that waits longer than this for a table gives way to the running services.
_LOCK_TIMEOUT = "4s"


def config(connection: Connection) -> Config:
    """Alembic's configuration for a connection that is open."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent))
    made.attributes["connection"] = connection
    return made


async def upgrade(dsn: str, revision: str = "head") -> None:
    """Create roles, migrate, grant. `dsn` is of a role that may create roles and schemas."""
    engine = create_async_engine(engine_url(dsn))
    try:
        async with engine.begin() as connection:
            await connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            await connection.execute(text(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'"))
            await connection.run_sync(_create_roles)
            await connection.run_sync(lambda sync: command.upgrade(config(sync), revision))
            for grant in GRANTS:
                await connection.execute(text(grant))
            await connection.run_sync(_grant_database)
    finally:
        await engine.dispose()


def _create_roles(connection: Connection) -> None:
    # Roles belong to the whole server: another database of it may have made them.
    for role in ROLES:
        connection.execute(
            text(
                "DO $$ BEGIN "
                f"IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN "
                f"CREATE ROLE {role} LOGIN; END IF; "
                "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
            )
        )


def _grant_database(connection: Connection) -> None:
    name = connection.execute(text("SELECT current_database()")).scalar_one()
    connection.execute(text(database_grant(name)))
