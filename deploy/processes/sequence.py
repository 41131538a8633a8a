"""The sequencer's process: holds the lease, commits rounds, stands by otherwise."""

import asyncio
import os
import socket
from dataclasses import dataclass

import structlog
from prometheus_client import CollectorRegistry, Gauge

from deploy.processes.serving import health_app, run_beside
from deploy.processes.settings import Settings
from deploy.processes.stopping import pause, stop_on_signals
from events.errors import Fatal
from events.log.lease import HEARTBEAT_SECONDS, Lease, open_lease
from events.log.postgres import (
    INTAKE_CHANNEL,
    LEAF_CHANNEL,
    Hints,
    PostgresSequencerLog,
    connect_pool,
)
from migrations.roles import SEQUENCER
from services.sequencer.sequencer import Sequencer

_log = structlog.get_logger()
#: Characters of a host's name in a holder's, so that both fit an `application_name` of 63.
_HOST_CHARS = 48
#: Seconds between tries after an alarm.
_ALARM_SECONDS = 5.0


@dataclass(slots=True)
class State:
    """What the health page shows."""

    leading: bool = False
    sequencer: Sequencer | None = None
    last_error: str = ""


def own_name() -> str:
    """Who holds a lease."""
    return f"{socket.gethostname()[:_HOST_CHARS]}:{os.getpid()}"


async def lead(settings: Settings, state: State, stop: asyncio.Event) -> None:
    """Take the lease when it is free, and write for as long as it is held."""
    dsn, name = settings.dsn(SEQUENCER), own_name()
    lease = await open_lease(dsn, "sequencer", name)
    leaf_hints, intake_hints = Hints(dsn, LEAF_CHANNEL), Hints(dsn, INTAKE_CHANNEL)
    pool = await connect_pool(dsn, name=name)
    try:
        log = PostgresSequencerLog(pool, leaf_hints, intake_hints)
        state.sequencer = Sequencer(log, settings.clock)
        while not stop.is_set():
            # One whose clock is wrong stands aside, for a standby's may be right.
            if await state.sequencer.clock_fits() and await lease.take():
                await _write_while_held(lease, state.sequencer, state, stop)
                if not state.sequencer.progress.clock_fits:
                    await lease.give_back()
            state.last_error = ""
            await pause(stop, HEARTBEAT_SECONDS)
        await lease.give_back()
    except Fatal as fatal:
        state.last_error = str(fatal)
        _log.error("sequencer stopped", alarm=str(fatal))
        # The fault may be this one's own, such as a setting: a standby may do better.
        await lease.give_back()
        await pause(stop, _ALARM_SECONDS)
    finally:
        state.leading = False
        await asyncio.gather(lease.connection.close(), leaf_hints.close(), intake_hints.close())
        await pool.close()


async def _write_while_held(
    lease: Lease, sequencer: Sequencer, state: State, stop: asyncio.Event
) -> None:
    enough = asyncio.Event()
    writing = asyncio.create_task(sequencer.run(enough))
    state.leading, state.last_error = True, ""
    _log.info("leading")
    try:
        while not stop.is_set() and not writing.done() and await lease.take():
            await pause(stop, HEARTBEAT_SECONDS)
    finally:
        # The round in hand is finished: cutting it would only leave an unknown outcome.
        state.leading = False
        enough.set()
        await writing


async def run(settings: Settings) -> None:
    """Run the process until SIGTERM."""
    stop, state = stop_on_signals(), State()
    metrics = _Metrics()

    def failed(error: Exception) -> None:
        state.last_error = str(error)

    def ready() -> dict[str, object]:
        fits = state.sequencer is None or state.sequencer.progress.clock_fits
        good = not state.last_error and fits
        return {
            "ready": good,
            "leading": state.leading,
            "clock_fits": fits,
            "last_error": state.last_error,
        }

    app = health_app(metrics.registry, lambda: metrics.collect(state), ready)
    await run_beside(app, settings, stop, lambda: lead(settings, state, stop), failed)


class _Metrics:
    def __init__(self) -> None:
        own = self.registry = CollectorRegistry()
        self._leading = Gauge("sijill_sequencer_leading", "1 while leading.", registry=own)
        self._leaves = Gauge("sijill_sequencer_leaves", "Leaves written.", registry=own)
        self._repeats = Gauge("sijill_sequencer_repeats", "Repeats settled.", registry=own)
        self._lost = Gauge("sijill_sequencer_rounds_lost", "Rounds another won.", registry=own)
        self._outcomes = Gauge(
            "sijill_sequencer_outcomes", "Leaves by outcome.", ["outcome"], registry=own
        )

    def collect(self, state: State) -> None:
        self._leading.set(state.leading)
        if state.sequencer is None:
            return
        progress = state.sequencer.progress
        self._leaves.set(progress.leaves)
        self._repeats.set(progress.repeats)
        self._lost.set(progress.lost)
        for outcome, count in progress.outcomes.items():
            self._outcomes.labels(outcome).set(count)
