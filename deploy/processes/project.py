"""The projection's process: holds the lease, folds the active generation, stands by otherwise.

Poison stops it with an alarm. The log and the views may lie in two databases: what reads the one
and what folds into the other are opened apart.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import asyncpg
import structlog
from prometheus_client import CollectorRegistry, Gauge

from deploy.processes.leading import ALARMS, Standing, lead_in_turn, own_name, watched
from deploy.processes.opening import open_lease, open_leaves, open_views, watch_log
from deploy.processes.serving import health_app, run_beside
from deploy.processes.settings import Settings
from deploy.processes.stopping import keep_trying, pause, stop_on_signals, told
from events.clock import Clock
from events.errors import Fatal
from events.log.identity import registry_of
from events.log.protocol import LeafRecord, Leaves
from migrations.roles import PROJECTION
from services.projections.builder import BuilderProcess
from services.projections.generation import active_generation, create_generation
from services.projections.projection import Overtaken, Progress, Projection

_log = structlog.get_logger()
#: Seconds between looks at the log's end for the lag, and between tries after an alarm.
_LOOK_SECONDS, _ALARM_SECONDS = 1.0, 5.0
#: Seconds before an overtaken projection looks which generation answers now.
_OVERTAKEN_SECONDS = 0.5


@dataclass(slots=True)
class State(Standing):
    """What the health page shows. The lag is the leader's to tell: a standby has none."""

    progress: Progress = field(default_factory=Progress)
    tail: LeafRecord | None = None
    alarm: str = ""

    def stand_by(self) -> None:
        """Another leads: an alarm is the leader's to give."""
        Standing.stand_by(self)
        self.alarm = ""

    @property
    def lag_leaves(self) -> int:
        """Leaves that stand and are not in the views yet."""
        if not self.leading or self.tail is None:
            return 0
        return max(0, self.tail.index + 1 - self.progress.next_leaf)

    def lag_seconds(self, clock: Clock) -> float:
        """Age of the oldest leaf that is not in the views yet, if it has been read."""
        oldest = self.progress.oldest_unfolded
        if not self.lag_leaves or oldest is None:
            return 0.0
        return max(0.0, (clock() - oldest).total_seconds())


async def lead(settings: Settings, state: State, stop: asyncio.Event) -> None:
    """Take the lease when it is free, and fold for as long as it is held."""
    name, views_dsn = own_name(), settings.views_dsn(PROJECTION)
    try:
        async with (
            open_leaves(settings, PROJECTION, name) as leaves,
            open_lease(views_dsn, "projection", name) as lease,
            open_views(views_dsn, name) as views,
            _watching_tail(leaves, state, stop),
        ):

            async def work(enough: asyncio.Event) -> None:
                await lead_in_turn(lease, partial(_fold, views, leaves, state), state, enough)

            await watched(work, watch_log(settings, PROJECTION, state.say), stop)
    except ALARMS as fatal:
        state.alarm = told(fatal)
        _log.error("projection stopped", alarm=told(fatal), exc_info=not isinstance(fatal, Fatal))
        await pause(stop, _ALARM_SECONDS)


async def _fold(
    views: asyncpg.Connection, leaves: Leaves, state: State, stop: asyncio.Event
) -> None:
    """Fold the active generation; when another takes its place, go on with that one."""
    while (registry := await registry_of(leaves)) is None:
        if stop.is_set():
            return
        await leaves.wait_leaf(0, _LOOK_SECONDS)
    async with BuilderProcess(registry.time_zone) as builder:
        while not stop.is_set():
            number = await active_generation(views)
            if number is None:
                number = await create_generation(views, active=True)
            await _fold_generation(Projection(views, leaves, builder, number), state, stop)


async def _fold_generation(projection: Projection, state: State, stop: asyncio.Event) -> None:
    try:
        await projection.prepare()
        state.progress = projection.progress
        # An alarm of the try before stands until this one got past its leaf.
        await projection.fold_batch()
        state.alarm = ""
        await projection.run(stop)
    except Overtaken as overtaken:
        # By a rebuild; or by the next leader, and then the lease says so in a moment.
        _log.info("another projection went on", reason=str(overtaken))
        await pause(stop, _OVERTAKEN_SECONDS)


@asynccontextmanager
async def _watching_tail(leaves: Leaves, state: State, stop: asyncio.Event) -> AsyncIterator[None]:
    watching = asyncio.create_task(
        keep_trying(stop, partial(_watch_tail, leaves, state, stop), lambda error: None)
    )
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def _watch_tail(leaves: Leaves, state: State, stop: asyncio.Event) -> None:
    while not stop.is_set():
        state.tail = await leaves.tail()
        await pause(stop, _LOOK_SECONDS)


async def run(settings: Settings) -> None:
    """Run the process until SIGTERM."""
    stop, state = stop_on_signals(), State()
    metrics = _Metrics()

    def failed(error: Exception) -> None:
        state.last_error = told(error)

    def ready() -> dict[str, object]:
        return {
            "ready": not (state.alarm or state.trouble),
            "reason": state.alarm or state.trouble,
            "leading": state.leading,
            "next_leaf": state.progress.next_leaf,
            "lag_leaves": state.lag_leaves,
            "lag_seconds": round(state.lag_seconds(settings.clock), 3),
            "alarm": state.alarm,
        }

    app = health_app(metrics.registry, lambda: metrics.collect(state, settings.clock), ready)
    await run_beside(app, settings, stop, lambda: lead(settings, state, stop), failed)


class _Metrics:
    def __init__(self) -> None:
        own = self.registry = CollectorRegistry()
        self._leading = Gauge("sijill_projection_leading", "1 while leading.", registry=own)
        self._next = Gauge("sijill_projection_next_leaf", "The next leaf to fold.", registry=own)
        self._rows = Gauge("sijill_projection_rows", "Rows folded since start.", registry=own)
        self._lag = Gauge("sijill_projection_lag_leaves", "Leaves not in the views.", registry=own)
        self._seconds = Gauge(
            "sijill_projection_lag_seconds",
            "Age of the oldest leaf not in the views.",
            registry=own,
        )
        self._alarm = Gauge("sijill_projection_alarm", "1 while it stands still.", registry=own)

    def collect(self, state: State, clock: Clock) -> None:
        self._leading.set(state.leading)
        self._next.set(state.progress.next_leaf)
        self._rows.set(state.progress.events)
        self._lag.set(state.lag_leaves)
        self._seconds.set(state.lag_seconds(clock))
        self._alarm.set(bool(state.alarm))
