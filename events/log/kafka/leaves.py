"""The readers' side: the index says where a leaf lies, its hash says whether it is the one.

A reader sees a leaf once the index holds it, which is milliseconds after it stands in the topic.
"""

from collections.abc import Sequence

import asyncpg

from events.errors import Fatal
from events.log.connections import Hints, fetch, log_sql
from events.log.index import Index
from events.log.kafka.client import KafkaAddress
from events.log.kafka.reader import RecordReader
from events.log.kafka.records import placed_leaf
from events.log.protocol import LeafRecord, Place


class KafkaLeaves(Index):
    """Leaves in order, and the bodies they stand for."""

    def __init__(
        self, address: KafkaAddress, pool: asyncpg.Pool, hints: Hints, reader: RecordReader
    ) -> None:
        super().__init__(pool, hints)
        self._address, self._reader = address, reader

    @classmethod
    async def open(cls, address: KafkaAddress, pool: asyncpg.Pool, hints: Hints) -> "KafkaLeaves":
        """Connect; ConnectionError while the cluster is away."""
        return cls(address, pool, hints, await RecordReader.open(address))

    async def tail(self) -> LeafRecord | None:
        """The last leaf that the index holds."""
        rows = await fetch(self._pool, log_sql("last_place"))
        found = await self._at(rows)
        return found[0] if found else None

    async def leaves(self, start: int, limit: int) -> list[LeafRecord]:
        """Up to `limit` leaves from an index on. `Fatal` if one is not what the index says."""
        return await self._at(await fetch(self._pool, log_sql("leaf_places"), start, limit))

    async def leaves_at(self, indexes: Sequence[int]) -> list[LeafRecord]:
        """Leaves by their indexes. `Fatal` if one is not what the index says."""
        return await self._at(await fetch(self._pool, log_sql("leaf_places_at"), indexes))

    async def _at(self, rows: Sequence[asyncpg.Record]) -> list[LeafRecord]:
        partition = self._address.leaves_partition
        records = await self._reader.read((partition, row["leaf_offset"]) for row in rows)
        found = []
        for row in rows:
            record = records.get((partition, row["leaf_offset"]))
            placed = None if record is None else placed_leaf(record)
            if placed is None or placed.hash != row["leaf_hash"]:
                raise Fatal(
                    f"leaf {row['leaf_index']} does not lie at offset {row['leaf_offset']} of "
                    f"{self._address.leaves}: the index leads the topic, or belongs to another one"
                )
            found.append(placed.record)
        return found

    async def bodies(self, places: Sequence[Place]) -> list[bytes]:
        """The exact bytes at these places."""
        partitions = self._address.intake_partitions
        asked = [(partitions[place.partition], place.offset) for place in places]
        records = await self._reader.read(asked)
        if len(records) != len(set(asked)):
            raise LookupError("a body that has a leaf is missing from the intake")
        return [records[at].value for at in asked]

    async def close(self) -> None:
        """Disconnect."""
        await self._reader.close()
