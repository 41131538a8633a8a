"""Batches read and built before their turn, so that the connection which commits never waits."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.projections.reading import Batch, Reader

#: Batches that may be built behind the one being committed: the next, and what its build may be
#: late for.
BATCHES_AHEAD = 2
#: What a batch comes after: one in hand, or one that is still read.
_Before = Batch | asyncio.Task[Batch | None]


class Ahead:
    """Reads a log in order; while `looking`, also what comes behind the batch in hand."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._looks = False
        self._waiting: deque[asyncio.Task[Batch | None]] = deque()

    @asynccontextmanager
    async def looking(self) -> AsyncIterator[None]:
        """Look ahead until the end of it."""
        self._looks = True
        try:
            yield
        finally:
            self._looks = False
            await self._forget()

    async def next(self, start: int, end: int | None, *, alone: bool = False) -> Batch | None:
        """The batch from a leaf on, as `Reader.read` would give it now, and raising as it does."""
        batch = None
        if self._waiting and not alone:
            batch = await self._waiting.popleft()
        # The list was looked at when the batch was built; what was set aside since is not folded.
        if batch is None or not batch.fits(start, end, await self._reader.listed()):
            await self._forget()
            batch = await self._reader.read(start, end, alone=alone)
        return batch

    def go_on(self, batch: Batch, end: int | None) -> None:
        """Have what follows the batch in hand read, up to a leaf."""
        while self._looks and len(self._waiting) < BATCHES_AHEAD:
            before = self._waiting[-1] if self._waiting else batch
            self._waiting.append(asyncio.create_task(self._after(before, end)))

    async def _after(self, before: _Before, end: int | None) -> Batch | None:
        batch = before if isinstance(before, Batch) else await before
        if batch is None or not batch.more or (end is not None and batch.end >= end):
            return None
        return await self._reader.read(batch.end, end)

    async def _forget(self) -> None:
        waiting, self._waiting = self._waiting, deque()
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
