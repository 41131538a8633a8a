"""The intake as tables of PostgreSQL: what the door appends to and asks."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from events.limits import INTAKE_PARTITIONS
from events.log.connections import INTAKE_CHANNEL, Hints, fetch, log_sql, transaction
from events.log.index import Index
from events.log.protocol import Arrival, LeafRecord, Place
from events.log.rows import intake_row, leaf_record

#: Submissions and bytes that share one commit of the intake at most.
GROUP_MAX, GROUP_BYTES_MAX = 256, 16 * 1024 * 1024
_INTAKE_COLUMNS = (
    "partition",
    "offset",
    "emitter",
    "submission",
    "body_sha256",
    "events",
    "received_at",
    "token",
    "body",
)


def partition_of(emitter: str, partitions: int) -> int:
    """An emitter is always in one partition, so its order is kept."""
    return int.from_bytes(hashlib.sha256(emitter.encode()).digest()[:8]) % partitions


@dataclass(slots=True, eq=False)
class _Waiting:
    arrival: Arrival
    done: asyncio.Future[Place]


class PostgresIntake(Index):
    """The door's side. Concurrent appends share one transaction (group commit)."""

    def __init__(
        self, pool: asyncpg.Pool, hints: Hints, partitions: int = INTAKE_PARTITIONS
    ) -> None:
        super().__init__(pool, hints)
        self._partitions = partitions
        self._queue: list[_Waiting] = []
        self._writing = 0
        self._writer: asyncio.Task[None] | None = None

    @property
    def waiting_bytes(self) -> int:
        """Bytes of bodies that no commit has confirmed."""
        return self._writing + sum(len(waiting.arrival.body) for waiting in self._queue)

    async def append(self, arrival: Arrival) -> Place:
        """Durable when it returns; unknown when it raises."""
        done: asyncio.Future[Place] = asyncio.get_running_loop().create_future()
        waiting = _Waiting(arrival, done)
        self._queue.append(waiting)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all())
        try:
            return await done
        except asyncio.CancelledError:
            # Nobody waits for it any more: while the database is frozen, it must not hold memory.
            if waiting in self._queue:
                self._queue.remove(waiting)
            raise

    async def _write_all(self) -> None:
        while self._queue:
            group = self._take_group()
            self._writing = sum(len(waiting.arrival.body) for waiting in group)
            try:
                places = await self._write(group)
            except BaseException as error:
                # Each caller hears of the failure and answers 503: the outcome is unknown.
                for waiting in group:
                    if not waiting.done.done():
                        waiting.done.set_exception(ConnectionError(f"not confirmed: {error}"))
                if not isinstance(error, Exception):
                    raise
            else:
                for waiting, place in zip(group, places, strict=True):
                    if not waiting.done.done():
                        waiting.done.set_result(place)
            finally:
                self._writing = 0

    def _take_group(self) -> list[_Waiting]:
        size, count = 0, 0
        for waiting in self._queue[:GROUP_MAX]:
            size += len(waiting.arrival.body)
            if count and size > GROUP_BYTES_MAX:
                break
            count += 1
        group, self._queue = self._queue[:count], self._queue[count:]
        return group

    async def _write(self, group: Sequence[_Waiting]) -> list[Place]:
        arrivals = [waiting.arrival for waiting in group]
        homes = [partition_of(arrival.emitter, self._partitions) for arrival in arrivals]
        async with transaction(self._pool) as connection:
            following: dict[int, int] = {}
            # Locks are taken in one order everywhere, so two doors never wait on each other.
            for home in sorted(set(homes)):
                following[home] = await connection.fetchval(
                    log_sql("append_counter"), home, homes.count(home)
                )
            places = []
            for home in homes:
                places.append(Place(home, following[home]))
                following[home] += 1
            await connection.copy_records_to_table(
                "intake",
                schema_name="log",
                columns=_INTAKE_COLUMNS,
                records=[intake_row(place, a) for place, a in zip(places, arrivals, strict=True)],
            )
            await connection.execute(f"NOTIFY {INTAKE_CHANNEL}")
        return places

    async def leaves_at(self, indexes: Sequence[int]) -> list[LeafRecord]:
        """Leaves by their indexes."""
        rows = await fetch(self._pool, log_sql("leaves_at"), indexes)
        return [leaf_record(row) for row in rows]
