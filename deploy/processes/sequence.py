"""The sequencer's process: holds the lease, commits rounds, stands by otherwise."""

import asyncio
from dataclasses import dataclass

import structlog
from prometheus_client import CollectorRegistry, Gauge

from deploy.processes.leading import ALARMS, Standing, lead_in_turn, own_name, watched
from deploy.processes.opening import open_lease, open_sequencer_log, watch_log
from deploy.processes.serving import health_app, run_beside
from deploy.processes.settings import Settings
from deploy.processes.stopping import pause, stop_on_signals, told
from events.errors import Fatal
from migrations.roles import SEQUENCER
from services.sequencer.sequencer import Sequencer

_log = structlog.get_logger()
#: Seconds between tries after an alarm.
_ALARM_SECONDS = 5.0


@dataclass(slots=True)
class State(Standing):
    """What the health page shows."""

    sequencer: Sequencer | None = None


async def lead(settings: Settings, state: State, stop: asyncio.Event) -> None:
    """Take the lease when it is free, and write for as long as it is held."""
    dsn, name = settings.dsn(SEQUENCER), own_name()
    try:
        async with (
            open_sequencer_log(settings, name) as log,
            open_lease(dsn, "sequencer", name) as lease,
        ):
            sequencer = state.sequencer = Sequencer(log, settings.clock)

            async def work(enough: asyncio.Event) -> None:
                # One whose clock is wrong stands aside, for a standby's may be right.
                fits, follow = sequencer.clock_fits, sequencer.follow
                await lead_in_turn(lease, sequencer.run, state, enough, fits, follow)

            await watched(work, watch_log(settings, SEQUENCER, state.say), stop)
    except ALARMS as fatal:
        state.last_error = told(fatal)
        _log.error("sequencer stopped", alarm=told(fatal), exc_info=not isinstance(fatal, Fatal))
        await pause(stop, _ALARM_SECONDS)


async def run(settings: Settings) -> None:
    """Run the process until SIGTERM."""
    stop, state = stop_on_signals(), State()
    metrics = _Metrics()

    def failed(error: Exception) -> None:
        state.last_error = told(error)

    def ready() -> dict[str, object]:
        fits = state.sequencer is None or state.sequencer.progress.clock_fits
        return {
            "ready": fits and not state.trouble,
            "reason": state.trouble if fits else "the clock is ahead of the database's",
            "leading": state.leading,
            "clock_fits": fits,
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
