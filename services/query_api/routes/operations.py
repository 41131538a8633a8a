"""For whoever keeps the service running: health, readiness, metrics."""

import asyncio

import msgspec
import structlog
from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from events.errors import Fatal
from services.query_api.database import AWAY
from services.query_api.reading import state_of
from services.query_api.state import QueryState
from services.query_api.stored import last_index, stored_leaf
from services.web.problems import Problem

router = APIRouter(tags=["operations"])
_log = structlog.get_logger()
#: Seconds in which views and log must answer.
_READY_SECONDS = 2.0
_JSON = "application/json"


@router.get("/healthz", response_model=None)
async def healthz() -> Response:
    """The process answers."""
    return Response(b'{"status":"alive"}', media_type=_JSON)


@router.get("/readyz", response_model=None)
async def readyz(request: Request) -> Response:
    """Whether views and log can be read; 503 with the reason otherwise."""
    looking = asyncio.ensure_future(_look(state_of(request)))
    # A driver may wait for a frozen server even while it is being cancelled: nobody waits for it.
    await asyncio.wait({looking}, timeout=_READY_SECONDS)
    reason = looking.result() if looking.done() else "the database does not answer"
    looking.cancel()
    answer = msgspec.json.encode({"ready": not reason, "reason": reason})
    return Response(answer, 503 if reason else 200, media_type=_JSON)


async def _look(state: QueryState) -> str:
    """Why the service is not ready, or nothing."""
    try:
        await state.establishment()
        async with state.database.snapshot():
            pass
        await last_index(state.leaves)
    except (*AWAY, Fatal, Problem) as error:
        return str(error) or type(error).__name__
    return ""


@router.get("/metrics", response_model=None)
async def metrics(request: Request) -> Response:
    """Rates, refusals by reason, lag in leaves and in seconds, last error (Prometheus text)."""
    state = state_of(request)
    try:
        await measure_lag(state)
    except (*AWAY, Fatal, Problem) as error:
        # The other figures are worth most just when the database is gone.
        _log.warning("lag cannot be measured", error=str(error))
        state.metrics.up.set(0)
    return Response(state.metrics.page(), media_type=CONTENT_TYPE_LATEST)


async def measure_lag(state: QueryState) -> None:
    """Set the gauges of position and lag."""
    async with state.database.snapshot() as snapshot:
        position = snapshot.position
    waiting = await stored_leaf(state.leaves, position + 1)
    tail = await last_index(state.leaves)
    age = (state.clock() - waiting.leaf.sequenced).total_seconds() if waiting else 0.0
    state.metrics.up.set(1)
    state.metrics.position.set(position)
    state.metrics.lag_leaves.set(max(0, tail - position))
    state.metrics.lag_seconds.set(max(0.0, age))
