"""The plain peer: what a good team would write instead of a register.

FastAPI, pydantic and SQLAlchemy, one row an event, tuned: uvloop and httptools, a body validated
straight from its bytes, one `insert()` of the list and one commit a request, JSON written once and
by pydantic. It verifies no signature, keeps no bytes and makes no proof.
"""

import argparse
import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import sqlalchemy as sa
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from deploy.bench.peers.models import BATCH, Event
from deploy.ports import HOST

#: How the command tells its workers.
DSN, COMMIT_EACH = "PLAIN_PEER_DSN", "PLAIN_PEER_COMMIT_EACH"
#: Connections of one worker, enough to keep one PostgreSQL on a small machine busy.
POOL_SIZE = 8

TABLES = sa.MetaData()
EVENT = sa.Table(
    "event",
    TABLES,
    sa.Column("emitter", sa.Text, primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("time", sa.DateTime(timezone=True), nullable=False),
    sa.Column("worker", sa.Text),
    sa.Column("task", sa.Text),
    sa.Column("amount", sa.Numeric),
    sa.Column("currency", sa.Text),
    sa.Column("data", JSONB, nullable=False),
)
#: A repeat is harmless. Run with a list of rows it is one prepared statement and one round trip,
#: as fast as one statement with RETURNING and ten times as fast as `values(rows)`.
_INSERT = insert(EVENT).on_conflict_do_nothing()


def _json(data: BaseModel) -> str:
    return data.model_dump_json(exclude_none=True)


def open_engine(dsn: str) -> AsyncEngine:
    """A pool on the database that a libpq address names."""
    return create_async_engine(
        "postgresql+asyncpg://",
        async_creator=lambda: asyncpg.connect(dsn),
        json_serializer=_json,
        pool_size=POOL_SIZE,
        max_overflow=0,
    )


def row_of(event: Event) -> dict[str, Any]:
    """The row of an event."""
    worker, task, amount, currency = event.data.facts()
    return {
        "emitter": event.source.removeprefix("/emitters/"),
        "id": event.id,
        "type": event.type,
        "time": event.time,
        "worker": worker,
        "task": task,
        "amount": amount,
        "currency": currency,
        "data": event.data,
    }


def make_app(dsn: str, *, commit_each: bool) -> FastAPI:
    """The service. `commit_each`: one commit an event instead of one a request."""
    engine = open_engine(dsn)
    keep = _keep_each if commit_each else _keep_all

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await engine.dispose()

    app = FastAPI(openapi_url=None, lifespan=lifespan)

    @app.post("/v1/submissions")
    async def submit(request: Request) -> Response:
        try:
            events = BATCH.validate_json(await request.body())
        except ValidationError as error:
            return Response(error.json(include_url=False, include_context=False), 422)
        async with engine.connect() as connection:
            await keep(connection, [row_of(event) for event in events])
        return JSONResponse({"events": len(events)}, 202)

    @app.get("/readyz")
    async def readyz() -> Response:
        return JSONResponse({"ready": True})

    return app


async def _keep_all(connection: AsyncConnection, rows: list[dict[str, Any]]) -> None:
    await connection.execute(_INSERT, rows)
    await connection.commit()


async def _keep_each(connection: AsyncConnection, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        await connection.execute(_INSERT, row)
        await connection.commit()


async def make_table(dsn: str) -> None:
    """Make the table if it is missing."""
    engine = open_engine(dsn)
    async with engine.begin() as connection:
        await connection.run_sync(TABLES.create_all)
    await engine.dispose()


def application() -> FastAPI:
    """The service of a worker, which was told by its environment."""
    return make_app(os.environ[DSN], commit_each=bool(os.environ.get(COMMIT_EACH)))


def main() -> None:
    """Serve on loopback until SIGTERM."""
    parser = argparse.ArgumentParser(prog="plain", description="The plain peer of sijill bench.")
    parser.add_argument("--dsn", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--commit-each", action="store_true")
    given = parser.parse_args()
    asyncio.run(make_table(given.dsn))
    os.environ |= {DSN: given.dsn, COMMIT_EACH: "yes" if given.commit_each else ""}
    uvicorn.run(
        f"{__spec__.name}:application",
        factory=True,
        host=HOST,
        port=given.port,
        workers=given.workers,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
    )


if __name__ == "__main__":
    main()
