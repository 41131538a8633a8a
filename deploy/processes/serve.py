"""Door and query API on one port, as the embedded registry runs them."""

import asyncio
from typing import Any

import structlog
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import create_async_engine
from starlette.types import Receive, Scope, Send

from deploy.keyfiles import RegistryKeyFolder
from deploy.processes.serving import serve_until, server
from deploy.processes.settings import Settings
from deploy.processes.stopping import keep_trying, stop_on_signals
from events.log.identity import registry_of
from events.log.postgres import (
    LEAF_CHANNEL,
    Hints,
    PostgresIntake,
    PostgresLeaves,
    connect_pool,
)
from events.receipt import RegistryKeys
from migrations.roles import AUDIT, INGEST, QUERY
from migrations.run import engine_url
from services.ingest.app import create_app as create_door_app
from services.ingest.door import Door
from services.query_api.access import AuditTrail
from services.query_api.app import create_app as create_query_app
from services.query_api.database import QueryDatabase
from services.query_api.state import QueryState

_log = structlog.get_logger()
#: Connections of the door: one writes groups, the others look up.
_DOOR_CONNECTIONS = 4
#: Paths that the door answers; all others are the query API's.
_DOOR_PATHS = frozenset({"/v1/submissions", "/v1/validate"})


class BothServices:
    """One ASGI application that hands each request to the service it belongs to."""

    def __init__(self, door: FastAPI, query: FastAPI) -> None:
        self._door, self._query = door, query
        self._describe()

    def _describe(self) -> None:
        """One OpenAPI document for both; operations' pages show `/metrics/door` beside ours."""
        door, query = self._door.openapi(), self._query.openapi()
        merged: dict[str, Any] = {**query, "paths": {**door["paths"], **query["paths"]}}
        schemas: dict[str, dict[str, Any]] = {"schemas": {}, "securitySchemes": {}}
        for part in schemas:
            # The door comes last: its `Problem` names the faults of a body as well.
            for document in (query, door):
                schemas[part] |= document.get("components", {}).get(part, {})
        merged["components"] = {**query.get("components", {}), **schemas}
        merged["info"] = {**query["info"], "title": "Sijill"}
        self._query.openapi_schema = merged

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
            return
        path = scope.get("path", "")
        if path in _DOOR_PATHS:
            await self._door(scope, receive, send)
        elif path in {"/door/metrics", "/door/healthz", "/door/readyz"}:
            inner = {**scope, "path": path.removeprefix("/door"), "raw_path": None}
            await self._door(inner, receive, send)
        else:
            await self._query(scope, receive, send)

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with (
            self._door.router.lifespan_context(self._door),
            self._query.router.lifespan_context(self._query),
        ):
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Serve until asked to stop. Waits for leaf 0: without it nobody may speak."""
    dsn = settings.dsn(INGEST)
    hints = Hints(dsn, LEAF_CHANNEL)
    pool = await connect_pool(dsn, most=_DOOR_CONNECTIONS)
    readers = await connect_pool(settings.dsn(QUERY))
    query_engine = create_async_engine(engine_url(settings.dsn(QUERY)))
    audit_engine = create_async_engine(engine_url(settings.dsn(AUDIT)))
    try:
        leaves = PostgresLeaves(readers, hints)
        while (registry := await registry_of(leaves)) is None:
            if stop.is_set():
                return
            await hints.wait(1.0)
        keys = RegistryKeys(registry.identity, RegistryKeyFolder(settings.keys))
        door = Door(PostgresIntake(pool, hints), keys, settings.clock)
        state = QueryState(
            database=QueryDatabase(query_engine),
            audit=AuditTrail(audit_engine),
            leaves=leaves,
            registry_keys=keys,
            clock=settings.clock,
        )
        app = BothServices(create_door_app(door), create_query_app(state))
        await serve_until(stop, server(app, settings.host, settings.port))
    finally:
        await hints.close()
        await asyncio.gather(pool.close(), readers.close())
        await asyncio.gather(query_engine.dispose(), audit_engine.dispose())


async def run(settings: Settings) -> None:
    """Run the process until SIGTERM."""
    stop = stop_on_signals()

    def failed(error: Exception) -> None:
        _log.warning("cannot serve yet", error=str(error))

    await keep_trying(stop, lambda: serve(settings, stop), failed)
