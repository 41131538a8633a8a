"""The intake as tables of PostgreSQL: what the door appends to and asks."""

import hashlib
from collections import Counter
from collections.abc import Sequence

import asyncpg

from events.limits import INTAKE_PARTITIONS
from events.log.connections import INTAKE_CHANNEL, Hints, fetch, log_sql
from events.log.grouping import Grouping
from events.log.index import Index, columns
from events.log.protocol import Arrival, LeafRecord, Place
from events.log.rows import arrival_row, leaf_record

#: Submissions and bytes that share one commit of the intake at most.
GROUP_MAX, GROUP_BYTES_MAX = 256, 16 * 1024 * 1024


def partition_of(emitter: str, partitions: int) -> int:
    """An emitter is always in one partition, so its order is kept."""
    return int.from_bytes(hashlib.sha256(emitter.encode()).digest()[:8]) % partitions


class PostgresIntake(Index):
    """The door's side. Concurrent appends share one transaction (group commit)."""

    def __init__(
        self, pool: asyncpg.Pool, hints: Hints, partitions: int = INTAKE_PARTITIONS
    ) -> None:
        super().__init__(pool, hints)
        self._partitions = partitions
        self._appends: Grouping[Arrival, Place] = Grouping(
            self._write,
            items_max=GROUP_MAX,
            size_max=GROUP_BYTES_MAX,
            size=lambda arrival: len(arrival.body),
        )

    @property
    def waiting_bytes(self) -> int:
        """Bytes of bodies that no commit has confirmed."""
        return self._appends.waiting_size

    async def append(self, arrival: Arrival) -> Place:
        """Durable when it returns; unknown when it raises, whatever that is."""
        try:
            return await self._appends.ask(arrival)
        except Exception as error:
            raise ConnectionError(f"not confirmed: {error}") from error

    async def _write(self, group: Sequence[Arrival]) -> list[Place]:
        homes = [partition_of(arrival.emitter, self._partitions) for arrival in group]
        counts: Counter[int] = Counter()
        rows = []
        for home, arrival in zip(homes, group, strict=True):
            rows.append(arrival_row(home, counts[home], arrival))
            counts[home] += 1
        taken = await fetch(
            self._pool,
            log_sql("append"),
            *(list(counts), list(counts.values())),
            *columns(9, rows),
            INTAKE_CHANNEL,
        )
        firsts = {row["partition"]: row["first_offset"] for row in taken}
        return [Place(home, firsts[home] + before) for home, before, *_ in rows]

    async def leaves_at(self, indexes: Sequence[int]) -> list[LeafRecord]:
        """Leaves by their indexes."""
        rows = await fetch(self._pool, log_sql("leaves_at"), indexes)
        return [leaf_record(row) for row in rows]
