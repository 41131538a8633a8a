"""Posts now and then beside a running registry, each time in a process of its own, with figures."""

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from prometheus_client import CollectorRegistry, Counter, Gauge

from deploy.cli.posting import Posted
from deploy.ports import are_free

#: The port of its health pages, counted from the registry's.
PORT_OFFSET = 3


def post_command(folder: Path) -> tuple[str, ...]:
    """What posts once and prints one line of JSON."""
    return (sys.executable, "-m", "deploy.cli.main", "post", "--json", "--data", str(folder))


class PostTimer:
    """A round every so many seconds, from when the last one ended. `command` prints `Posted`."""

    def __init__(
        self,
        seconds: float,
        command: Sequence[str],
        say: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seconds, self._command, self.say, self._clock = seconds, command, say, clock
        self._succeeded = self._clock()
        #: Why the last round failed; empty if it did not.
        self.reason = ""
        own = self.registry = CollectorRegistry()
        self._position = Gauge(
            "sijill_poster_position", "Position of the last round; -1 before it.", registry=own
        )
        self._position.set(-1)
        self._waiting = Gauge(
            "sijill_poster_waiting", "Worker-months that wait for a rate.", registry=own
        )
        self._took = Gauge(
            "sijill_poster_round_seconds", "Seconds that the last round took.", registry=own
        )
        self._age = Gauge(
            "sijill_poster_success_age_seconds",
            "Seconds since a round succeeded, or since the start.",
            registry=own,
        )
        self._months = Counter(
            "sijill_poster_worker_months", "Worker-months posted since the start.", registry=own
        )
        self._entries = Counter(
            "sijill_poster_entries", "Entries posted since the start.", registry=own
        )
        self._rounds = Counter("sijill_poster_rounds", "Rounds that ended well.", registry=own)
        self._failures = Counter("sijill_poster_failures", "Rounds that failed.", registry=own)

    async def run(self) -> None:
        """Post until this is cancelled."""
        while True:
            await asyncio.sleep(self._seconds)
            await self.post()

    async def post(self) -> None:
        """One round, which is ended with this."""
        pipe = asyncio.subprocess.PIPE
        running = await asyncio.create_subprocess_exec(*self._command, stdout=pipe, stderr=pipe)
        try:
            said, wrong = await running.communicate()
        finally:
            if running.returncode is None:
                running.kill()
                await running.wait()
        if running.returncode:
            self._failed(wrong.decode().strip() or f"ended with status {running.returncode}")
        else:
            self._done(msgspec.json.decode(said, type=Posted))

    def _failed(self, why: str) -> None:
        self._failures.inc()
        self.reason = why.splitlines()[0]
        self.say(f"posting: {why}")

    def _done(self, posted: Posted) -> None:
        self.reason, self._succeeded = "", self._clock()
        self._rounds.inc()
        self._position.set(posted.position)
        self._waiting.set(posted.waiting)
        self._took.set(posted.seconds)
        self._months.inc(posted.worker_months)
        self._entries.inc(posted.entries)

    def collect(self) -> None:
        """Bring the figures that grow by themselves up to date."""
        self._age.set(self._clock() - self._succeeded)

    def ready(self) -> dict[str, object]:
        """What its health page says."""
        return {"ready": not self.reason, "reason": self.reason}


async def serve_and_post(timer: PostTimer, host: str, port: int) -> None:
    """Post, the timer's health pages beside it, until this is cancelled."""
    if not are_free(port, 1):
        # Figures are no reason to stop a registry.
        timer.say(f"posting: port {port} is taken, so there are no health pages of it")
        await timer.run()
        return
    from deploy.processes.serving import health_app, serve_until, server

    stop = asyncio.Event()
    app = health_app(timer.registry, timer.collect, timer.ready)
    pages = asyncio.create_task(serve_until(stop, server(app, host, port, announce=False)))
    try:
        await timer.run()
    finally:
        stop.set()
        await asyncio.gather(pages, return_exceptions=True)
