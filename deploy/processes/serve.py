"""Door and query API on one port, as the embedded registry runs them."""

from typing import Any, cast

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from deploy.processes.front import run_fronts
from deploy.processes.ingest import door_front
from deploy.processes.query import query_front
from deploy.processes.settings import Settings
from deploy.processes.stopping import stop_on_signals
from services.ingest.app import create_app as create_door_app

#: Paths that the door answers; all others are the query API's.
_DOOR_PATHS = frozenset({"/v1/submissions", "/v1/validate"})
#: The door's own pages, where the query API's have the plain names.
_DOOR_PAGES = frozenset({"/door/metrics", "/door/healthz", "/door/readyz"})


class BothServices:
    """One ASGI application that hands each request to the service it belongs to."""

    def __init__(self, door: ASGIApp, query: ASGIApp) -> None:
        self._door, self._query = door, query

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on a request."""
        path = scope["path"]
        if path in _DOOR_PATHS:
            await self._door(scope, receive, send)
        elif path in _DOOR_PAGES:
            inner = {**scope, "path": path.removeprefix("/door"), "raw_path": None}
            await self._door(inner, receive, send)
        else:
            await self._query(scope, receive, send)


def describe_both(query: FastAPI) -> None:
    """Let the query API's description be one document for both services."""
    own = query.openapi

    def openapi() -> dict[str, Any]:
        if query.openapi_schema is None:
            # Only what the door says of itself is wanted: nothing is connected.
            door = create_door_app(cast(Any, None)).openapi()
            query.openapi_schema = _merged(door, own())
        return query.openapi_schema

    query.openapi = openapi  # type: ignore[method-assign]


def _merged(door: dict[str, Any], query: dict[str, Any]) -> dict[str, Any]:
    schemas: dict[str, dict[str, Any]] = {"schemas": {}, "securitySchemes": {}}
    for part in schemas:
        # The door comes last: its `Problem` names the faults of a body as well.
        for document in (query, door):
            schemas[part] |= document.get("components", {}).get(part, {})
    return {
        **query,
        "paths": {**door["paths"], **query["paths"]},
        "components": {**query.get("components", {}), **schemas},
        "info": {**query["info"], "title": "Sijill"},
    }


async def run(settings: Settings) -> None:
    """Run the process until SIGTERM."""
    stop = stop_on_signals()
    door, query = door_front(settings, stop), query_front(settings, describe_both)
    await run_fronts(BothServices(door, query), settings, stop, door, query)
