"""The intake as tables of PostgreSQL: what the door appends to and asks."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from events.limits import INTAKE_PARTITIONS
from events.log.connections import INTAKE_CHANNEL, Hints, fetch, log_sql
from events.log.grouping import Grouping
from events.log.index import Index, columns
from events.log.protocol import Arrival, LeafRecord, Place, Sent, Stands, Stood
from events.log.rows import arrival_row, indexed, leaf_record
from events.pacing import ROUND_TRIP_GAP

#: Submissions and bytes that share one commit of the intake at most.
GROUP_MAX, GROUP_BYTES_MAX = 256, 16 * 1024 * 1024


def partition_of(emitter: str, partitions: int) -> int:
    """An emitter is always in one partition, so its order is kept."""
    return int.from_bytes(hashlib.sha256(emitter.encode()).digest()[:8]) % partitions


@dataclass(frozen=True, slots=True)
class _Asked:
    arrival: Arrival
    anyway: bool


class PostgresIntake(Index):
    """The door's side. Concurrent appends share one transaction (group commit)."""

    def __init__(
        self, pool: asyncpg.Pool, hints: Hints, partitions: int = INTAKE_PARTITIONS
    ) -> None:
        super().__init__(pool, hints)
        self._partitions = partitions
        self._appends: Grouping[_Asked, Place | Stands] = Grouping(
            self._write,
            items_max=GROUP_MAX,
            size_max=GROUP_BYTES_MAX,
            size=lambda asked: len(asked.arrival.body),
            gap=ROUND_TRIP_GAP,
        )

    @property
    def waiting_bytes(self) -> int:
        """Bytes of bodies that no commit has confirmed."""
        return self._appends.waiting_size

    async def append(self, arrival: Arrival, *, anyway: bool = False) -> Place:
        """Durable when it returns; nothing kept if it raises `Stands`; else unknown."""
        try:
            done = await self._appends.ask(_Asked(arrival, anyway))
        except Exception as error:
            raise ConnectionError(f"not confirmed: {error}") from error
        if isinstance(done, Stands):
            raise done
        return done

    async def _write(self, group: Sequence[_Asked]) -> list[Place | Stands]:
        rows = [arrival_row(self._home(one.arrival), one.arrival, one.anyway) for one in group]
        done = await fetch(self._pool, log_sql("append"), *columns(9, rows), INTAKE_CHANNEL)
        standing = defaultdict(list)
        for row in done:
            if row["partition"] is None:
                standing[row["number"]].append(indexed(row))
        results: dict[int, Place | Stands] = {n: Stands(found) for n, found in standing.items()}
        for row in done:
            if row["partition"] is not None:
                results[row["number"]] = Place(row["partition"], row["offset"])
        return [results[number] for number in range(1, len(group) + 1)]

    def _home(self, arrival: Arrival) -> int:
        return partition_of(arrival.emitter, self._partitions)

    async def stood(self, sent: Sequence[Sent]) -> Stood:
        """The leaves of these bodies."""
        rows = await fetch(self._pool, log_sql("stood"), *columns(3, sent))
        leaves = {tuple(row[:3]): leaf_record(row) for row in rows}
        return Stood(leaves, rows[0]["last_act"] if rows else None)

    async def leaves_at(self, indexes: Sequence[int]) -> list[LeafRecord]:
        """Leaves by their indexes."""
        rows = await fetch(self._pool, log_sql("leaves_at"), indexes)
        return [leaf_record(row) for row in rows]
