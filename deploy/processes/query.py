"""The query API's process: answers readers, and nothing else."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI

from deploy.engines import open_engine
from deploy.keyfiles import RegistryKeyFolder
from deploy.processes.front import NOT_ESTABLISHED, Front, Say, run_fronts
from deploy.processes.opening import open_leaves, watch_log
from deploy.processes.settings import Settings
from deploy.processes.stopping import stop_on_signals
from events.log.identity import registry_of
from events.log.protocol import Leaves
from events.receipt import RegistryKeys
from migrations.roles import AUDIT, QUERY
from services.query_api.access import AuditTrail
from services.query_api.app import create_app
from services.query_api.database import QueryDatabase
from services.query_api.metrics import Metrics
from services.query_api.state import QueryState

#: Seconds between looks for leaf 0.
_LOOK_SECONDS = 1.0


def query_front(settings: Settings, describe: Callable[[FastAPI], None] | None = None) -> Front:
    """The query API on views and a log. `describe` may change what it says of itself."""
    metrics = Metrics()

    @asynccontextmanager
    async def opening(say: Say) -> AsyncIterator[FastAPI]:
        keys = RegistryKeyFolder(settings.keys)
        async with (
            open_leaves(settings, QUERY) as leaves,
            open_engine(settings.views_dsn(QUERY)) as views,
            open_engine(settings.dsn(AUDIT)) as audit,
        ):
            state = QueryState(
                database=QueryDatabase(views),
                audit=AuditTrail(audit),
                leaves=leaves,
                registry_keys=RegistryKeys(await _identity(leaves, say), keys),
                clock=settings.clock,
                metrics=metrics,
            )
            app = create_app(state)
            if describe is not None:
                describe(app)
            yield app

    async def watch(say: Say) -> None:
        await watch_log(settings, QUERY, say)

    return Front("query", opening, watch, metrics)


async def _identity(leaves: Leaves, say: Say) -> str:
    while (registry := await registry_of(leaves)) is None:
        say(NOT_ESTABLISHED)
        await leaves.wait_leaf(0, _LOOK_SECONDS)
    return registry.identity


async def run(settings: Settings) -> None:
    """Run the process until SIGTERM."""
    front = query_front(settings)
    await run_fronts(front, settings, stop_on_signals(), front)
