"""The door's process: takes submissions, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from deploy.keyfiles import RegistryKeyFolder
from deploy.processes.front import NOT_ESTABLISHED, Front, Say, run_fronts
from deploy.processes.opening import open_intake, watch_log
from deploy.processes.settings import Settings
from deploy.processes.stopping import stop_on_signals
from events.leaf import leaf_hash
from events.log.protocol import Intake
from events.receipt import RegistryKeys
from migrations.roles import INGEST
from services.ingest.app import create_app
from services.ingest.door import Door
from services.ingest.metrics import IngestMetrics

#: Seconds between looks for leaf 0.
_LOOK_SECONDS = 1.0


def door_front(settings: Settings, stop: asyncio.Event) -> Front:
    """The door on a log, opened as soon as leaf 0 stands."""
    metrics = IngestMetrics()

    @asynccontextmanager
    async def opening(say: Say) -> AsyncIterator[FastAPI]:
        keys = RegistryKeyFolder(settings.keys)
        async with open_intake(settings) as intake:
            identity = await _identity(intake, say)
            door = Door(intake, RegistryKeys(identity, keys), settings.clock)
            hurrying = asyncio.create_task(_hurry(door, stop))
            try:
                yield create_app(door, metrics)
            finally:
                hurrying.cancel()

    async def watch(say: Say) -> None:
        await watch_log(settings, INGEST, say)

    return Front("ingest", opening, watch, metrics)


async def _identity(intake: Intake, say: Say) -> str:
    """The registry's identity, the hash of leaf 0; waits for it."""
    while not (first := await intake.leaves_at([0])):
        say(NOT_ESTABLISHED)
        await intake.wait_leaf(0, _LOOK_SECONDS)
    return leaf_hash(first[0].leaf).hex()


async def _hurry(door: Door, stop: asyncio.Event) -> None:
    """At the end nobody is kept waiting for a leaf: the acknowledgement is an answer too."""
    await stop.wait()
    door.stop_waiting()


async def run(settings: Settings) -> None:
    """Run the process until SIGTERM."""
    stop = stop_on_signals()
    front = door_front(settings, stop)
    await run_fronts(front, settings, stop, front)
