"""Connections that readers share."""

import asyncio

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.embedded.postgres import EmbeddedPostgres
from deploy.engines import open_engine


async def sessions(engine: AsyncEngine, at_once: int) -> set[int]:
    """Sessions of so many requests that are all under way at the same time."""
    met = asyncio.Barrier(at_once)

    async def one() -> int:
        async with engine.connect() as connection:
            await met.wait()
            return int((await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one())

    return set(await asyncio.gather(*(one() for _ in range(at_once))))


async def test_what_a_burst_opened_serves_the_next(postgres: EmbeddedPostgres) -> None:
    async with open_engine(postgres.dsn()) as engine:
        first = await sessions(engine, 6)
        assert len(first) == 6
        assert await sessions(engine, 6) == first
