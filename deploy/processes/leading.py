"""One process leads while it holds the lease, others stand by: sequencer and projection alike."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import structlog

from deploy.processes.stopping import pause
from events.errors import Fatal
from events.log.lease import HEARTBEAT_SECONDS, Lease

_log = structlog.get_logger()
#: Characters of a host's name in a holder's, so that both fit an `application_name` of 63.
_HOST_CHARS = 48

#: What needs a person: a promise of the log is broken, or what must be in it is not.
ALARMS = (Fatal, LookupError)

#: What a leader does until its event is set; the step in hand is finished first.
Work = Callable[[asyncio.Event], Coroutine[Any, Any, None]]


@dataclass(slots=True)
class Standing:
    """What the health page of a process says that may lead."""

    leading: bool = False
    last_error: str = "starting"
    #: What whoever watches the log found: it is away.
    log_away: str = ""

    @property
    def trouble(self) -> str:
        """Why the process is not ready, or nothing."""
        return self.last_error or self.log_away

    def say(self, reason: str) -> None:
        """Take what whoever watches the log says; empty: it is there."""
        self.log_away = reason

    def lead(self) -> None:
        """From now on this process leads."""
        self.leading, self.last_error = True, ""

    def stand_by(self) -> None:
        """Another leads, or this one may not."""
        self.leading, self.last_error = False, ""


def own_name() -> str:
    """Who holds a lease."""
    return f"{socket.gethostname()[:_HOST_CHARS]}:{os.getpid()}"


async def watched(work: Work, watch: Coroutine[Any, Any, None], stop: asyncio.Event) -> None:
    """Work until the stop. Whatever the watch raises ends the work in order, and is raised."""
    enough = asyncio.Event()
    working, watching = asyncio.create_task(work(enough)), asyncio.create_task(watch)
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({working, watching, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        enough.set()
        stopping.cancel()
        try:
            await working
        finally:
            watching.cancel()
            (seen,) = await asyncio.gather(watching, return_exceptions=True)
    if isinstance(seen, Exception):
        raise seen


async def _always() -> bool:
    return True


async def _nothing() -> None:
    return None


async def lead_in_turn(
    lease: Lease,
    work: Work,
    standing: Standing,
    stop: asyncio.Event,
    may_lead: Callable[[], Awaitable[bool]] = _always,
    follow: Callable[[], Awaitable[None]] = _nothing,
) -> None:
    """Take the lease whenever it is free, and work for as long as it is held; until the stop.

    `follow`: what a standby does at each heartbeat.
    """
    try:
        while not stop.is_set():
            if await may_lead() and await lease.take():
                await _lead_while_held(lease, work, standing, stop)
                # Also where the work ended by itself: a standby may do better.
                await lease.give_back()
            else:
                standing.stand_by()
                await follow()
            await pause(stop, HEARTBEAT_SECONDS)
    except ALARMS:
        # The fault may be this one's own, such as a setting or an old program.
        await lease.give_back()
        raise


async def _lead_while_held(
    lease: Lease, work: Work, standing: Standing, stop: asyncio.Event
) -> None:
    enough = asyncio.Event()
    working = asyncio.create_task(work(enough))
    standing.lead()
    _log.info("leading")
    try:
        while not stop.is_set() and not working.done() and await lease.take():
            await pause(stop, HEARTBEAT_SECONDS)
    finally:
        # The step in hand is finished: cutting it would only leave an unknown outcome.
        standing.leading = False
        enough.set()
        await working
