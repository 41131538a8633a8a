"""A registry that answers on loopback, for pages whose commands and programs are run."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import create_async_engine

from deploy.processes.serve import BothServices, describe_both
from deploy.processes.serving import server
from migrations.address import engine_url
from migrations.roles import AUDIT, QUERY
from services.ingest.app import create_app as create_door_app
from services.query_api.access import AuditTrail
from services.query_api.app import create_app as create_query_app
from services.query_api.database import QueryDatabase
from services.query_api.state import QueryState
from tests.support.world import World


@asynccontextmanager
async def answering(world: World) -> AsyncIterator[str]:
    """The address of a world that sequences and folds by itself, in the machine's time."""
    world.clock.now = datetime.now(UTC)
    engines = [create_async_engine(engine_url(world.dsn(role))) for role in (QUERY, AUDIT)]
    state = QueryState(
        QueryDatabase(engines[0]),
        AuditTrail(engines[1]),
        world.leaves,
        world.registry_keys,
        world.clock,
    )
    door, query = create_door_app(world.door), create_query_app(state)
    describe_both(query)
    app = BothServices(door, query)
    stop = asyncio.Event()
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        serving = server(app, "127.0.0.1", 0)
        tasks = [
            asyncio.create_task(serving.serve(sockets=[listening])),
            asyncio.create_task(world.sequencer.run(stop)),
            asyncio.create_task(world.projection.run(stop)),
        ]
        try:
            async with door.router.lifespan_context(door):
                yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            stop.set()
            serving.should_exit = True
            await asyncio.gather(*tasks)
            await asyncio.gather(*(engine.dispose() for engine in engines))
