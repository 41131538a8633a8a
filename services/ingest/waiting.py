"""Waiting for a leaf: many requests share one look at the index for each hint."""

import asyncio
from collections.abc import Callable

import structlog

from events.log.protocol import Intake, LeafRecord, Sent, Stood
from events.pacing import ROUND_TRIP_GAP, Pacer

_log = structlog.get_logger()
#: Seconds between looks at most, should a hint be lost.
_POLL_SECONDS = 0.1


class LeafWaiters:
    """Requests that wait until their submission has its leaf.

    `told` hears of all that a look found before those who wait do.
    """

    def __init__(self, intake: Intake, told: Callable[[Stood], None]) -> None:
        self._intake, self._told = intake, told
        self._waiting: dict[Sent, list[asyncio.Future[LeafRecord | None]]] = {}
        self._watch: asyncio.Task[None] | None = None
        self._stopped = False
        self._pacer = Pacer(ROUND_TRIP_GAP)

    def stop(self) -> None:
        """Let everybody go, now and from now on: this process ends."""
        self._stopped = True
        for futures in self._waiting.values():
            for future in futures:
                if not future.done():
                    future.set_result(None)

    async def wait(self, key: Sent, seconds: float) -> LeafRecord | None:
        """The leaf of (emitter, id, digest) once it stands, or None after some seconds."""
        if self._stopped:
            return None
        future: asyncio.Future[LeafRecord | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, []).append(future)
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._look_until_done())
        try:
            return await asyncio.wait_for(future, seconds)
        except TimeoutError:
            return None
        finally:
            self._forget(key, future)

    def _forget(self, key: Sent, future: asyncio.Future[LeafRecord | None]) -> None:
        futures = self._waiting.get(key, [])
        if future in futures:
            futures.remove(future)
        if not futures:
            self._waiting.pop(key, None)

    async def _look_until_done(self) -> None:
        while self._waiting:
            try:
                await self._pacer.step()
                await self._look()
                await self._intake.wait_leaf(0, _POLL_SECONDS)
            except Exception as error:
                # The database is away: those who wait get their acknowledgement when time is up.
                _log.warning("cannot look for leaves", error=str(error))
                await asyncio.sleep(_POLL_SECONDS)

    async def _look(self) -> None:
        stood = await self._intake.stood(list(self._waiting))
        self._told(stood)
        for sent, record in stood.leaves.items():
            for future in self._waiting.get(sent, []):
                if not future.done():
                    future.set_result(record)
