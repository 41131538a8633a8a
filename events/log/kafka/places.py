"""The index of a log on Kafka as its writer keeps it: written after the leaf, never before it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from events.leaf import NO_LEAF_HASH
from events.log.connections import fetch, log_sql, transaction
from events.log.index import columns, write_index
from events.log.kafka.chain import ChainEnd
from events.log.kafka.records import Placed
from events.log.protocol import Round

#: The constraint that lets each leaf enter the index once.
PLACE_KEY = "leaf_place_pk"


class IndexMoved(ConnectionError):
    """The index does not end where this round begins: read where it does, and go on from there."""


@dataclass(slots=True)
class _Waiting:
    round: Round
    placed: Sequence[Placed]
    done: asyncio.Future[None]


class IndexWriter:
    """Applies won rounds in their order; rounds that wait together share a transaction."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._queue: list[_Waiting] = []
        self._writer: asyncio.Task[None] | None = None

    async def end(self) -> ChainEnd:
        """Where the chain ends as far as the index holds it."""
        rows = await fetch(self._pool, log_sql("last_place"))
        if not rows:
            return ChainEnd(0, NO_LEAF_HASH, 0)
        (last,) = rows
        return ChainEnd(last["leaf_index"] + 1, last["leaf_hash"], last["leaf_offset"] + 1)

    async def apply(self, round_: Round, placed: Sequence[Placed]) -> None:
        """Return once the index holds these leaves, which stand in the topic."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(_Waiting(round_, placed, done))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all())
        await done

    async def _write_all(self) -> None:
        while self._queue:
            together, self._queue = self._queue, []
            try:
                await self._write(together)
            except Exception as error:
                # Those behind would leave a hole: they fail with the ones before them.
                for waiting in [*together, *self._queue]:
                    _settle(waiting.done, error)
                self._queue = []
            else:
                for waiting in together:
                    _settle(waiting.done, None)

    async def _write(self, together: Sequence[_Waiting]) -> None:
        """One transaction. A crash before COMMIT leaves the index behind the topic: a start
        reads on from where it ends."""
        placed = [one for waiting in together for one in waiting.placed]
        if not placed:
            return
        try:
            async with transaction(self._pool) as connection:
                rows = columns(5, [_row(one) for one in placed])
                if await connection.fetchval(log_sql("leaf_place_add"), *rows) is None:
                    raise IndexMoved(f"the index does not end before leaf {rows[0][0]}")
                for waiting in together:
                    await write_index(connection, waiting.round)
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name != PLACE_KEY:
                raise
            raise IndexMoved("another sequencer wrote these leaves into the index") from error


def _row(placed: Placed) -> tuple[Any, ...]:
    record = placed.record
    place = record.place
    return record.index, placed.offset, placed.hash, place.partition, place.offset


def _settle(done: asyncio.Future[None], error: Exception | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
