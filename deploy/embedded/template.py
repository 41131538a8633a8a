"""Databases copied from a finished one: migrated once, then one for every test in milliseconds."""

from uuid import uuid4

import asyncpg

from deploy.embedded.cluster import checked_name
from deploy.embedded.postgres import EmbeddedPostgres


async def fresh_database(server: EmbeddedPostgres, template: str) -> str:
    """Copy the database `template`, to which nobody may be connected; the name of the copy."""
    name = f"fresh_{uuid4().hex}"
    connection = await asyncpg.connect(server.dsn())
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {checked_name(template)}")
    finally:
        await connection.close()
    return name
