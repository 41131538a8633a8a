"""The projection's process: folds the active generation, stops at poison with an alarm."""

import asyncio
from dataclasses import dataclass, field

import asyncpg
import structlog
from prometheus_client import CollectorRegistry, Gauge

from deploy.processes.serving import health_app, run_beside
from deploy.processes.settings import Settings
from deploy.processes.stopping import pause, stop_on_signals
from events.clock import Clock
from events.days import Days
from events.errors import Fatal
from events.leaf import decode_leaf
from events.log.identity import registry_of
from events.log.postgres import LEAF_CHANNEL, Hints, PostgresLeaves, connect_pool
from events.log.protocol import LeafRecord
from migrations.roles import PROJECTION
from services.projections.generation import active_generation, create_generation
from services.projections.projection import Overtaken, Progress, Projection

_log = structlog.get_logger()
#: Seconds between looks at the log's end for the lag, and between tries after an alarm.
_LOOK_SECONDS, _ALARM_SECONDS = 1.0, 5.0
#: Seconds that an overtaken projection stands by before it looks again.
_STANDBY_SECONDS = 1.0


@dataclass(slots=True)
class State:
    """What the health page shows."""

    progress: Progress = field(default_factory=Progress)
    tail: LeafRecord | None = None
    next_unfolded: LeafRecord | None = None
    alarm: str = ""
    last_error: str = ""

    @property
    def lag_leaves(self) -> int:
        """Leaves that stand and are not in the views yet."""
        return 0 if self.tail is None else max(0, self.tail.index + 1 - self.progress.next_leaf)

    def lag_seconds(self, clock: Clock) -> float:
        """Age of the oldest leaf that is not in the views yet."""
        if not self.lag_leaves or self.next_unfolded is None:
            return 0.0
        age = clock() - decode_leaf(self.next_unfolded.leaf).sequenced
        return max(0.0, age.total_seconds())


async def fold(settings: Settings, state: State, stop: asyncio.Event) -> None:
    """Fold the active generation; when another takes its place, go on with that one."""
    dsn = settings.dsn(PROJECTION)
    hints = Hints(dsn, LEAF_CHANNEL)
    pool = await connect_pool(dsn)
    connection = await asyncpg.connect(dsn)
    leaves = PostgresLeaves(pool, hints)
    watching = asyncio.create_task(_watch_lag(leaves, state, stop))
    try:
        while (registry := await registry_of(leaves)) is None:
            if stop.is_set():
                return
            await leaves.wait_leaf(0, _LOOK_SECONDS)
        number = await active_generation(connection)
        if number is None:
            number = await create_generation(connection, active=True)
        projection = Projection(connection, leaves, Days(registry.time_zone), number)
        state.progress, state.last_error = projection.progress, ""
        # An alarm of the try before stands until this one got past its leaf.
        await projection.fold_batch()
        state.alarm = ""
        await projection.run(stop)
    except Overtaken as overtaken:
        # A second projection stands by: it must not fight the first for every batch.
        _log.info("another projection went on", reason=str(overtaken))
        await pause(stop, _STANDBY_SECONDS)
    except Fatal as fatal:
        state.alarm = str(fatal)
        _log.error("projection stopped", alarm=str(fatal))
        await pause(stop, _ALARM_SECONDS)
    finally:
        watching.cancel()
        await asyncio.gather(watching, connection.close(), hints.close(), return_exceptions=True)
        await pool.close()


async def _watch_lag(leaves: PostgresLeaves, state: State, stop: asyncio.Event) -> None:
    while not stop.is_set():
        state.tail = await leaves.tail()
        following = await leaves.leaves(state.progress.next_leaf, 1)
        state.next_unfolded = following[0] if following else None
        await pause(stop, _LOOK_SECONDS)


async def run(settings: Settings) -> None:
    """Run the process until SIGTERM."""
    stop, state = stop_on_signals(), State()
    metrics = _Metrics()

    def failed(error: Exception) -> None:
        state.last_error = str(error)

    def ready() -> dict[str, object]:
        return {
            "ready": not (state.alarm or state.last_error),
            "next_leaf": state.progress.next_leaf,
            "lag_leaves": state.lag_leaves,
            "lag_seconds": round(state.lag_seconds(settings.clock), 3),
            "alarm": state.alarm,
            "last_error": state.last_error,
        }

    app = health_app(metrics.registry, lambda: metrics.collect(state, settings.clock), ready)
    await run_beside(app, settings, stop, lambda: fold(settings, state, stop), failed)


class _Metrics:
    def __init__(self) -> None:
        own = self.registry = CollectorRegistry()
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
        self._next.set(state.progress.next_leaf)
        self._rows.set(state.progress.events)
        self._lag.set(state.lag_leaves)
        self._seconds.set(state.lag_seconds(clock))
        self._alarm.set(bool(state.alarm))
