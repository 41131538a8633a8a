"""The embedded log, as one snapshot of PostgreSQL shows it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from events.log.protocol import Arrival, IntakeRecord, LeafRecord, Place
from events.sql import load_sql
from services.checker.judgement import Stored
from services.checker.report import Finding
from services.checker.rows import Stream
from services.checker.source import Acknowledged, KeptLeaf

#: Rows fetched at a time: leaves come with their bodies, of up to 4 MiB each.
_LEAVES_FETCHED, _RECORDS_FETCHED = 32, 2_000


@asynccontextmanager
async def embedded(connection: asyncpg.Connection) -> AsyncIterator["EmbeddedSource"]:
    """The log in the tables of the same snapshot as its index."""
    last = await connection.fetchval("SELECT max(leaf_index) FROM log.leaf")
    topics = await connection.fetch("SELECT topic FROM log.topic ORDER BY topic")
    names = [row["topic"] for row in topics]
    yield EmbeddedSource(connection, 0 if last is None else last + 1, names)


class EmbeddedSource:
    """Leaves and index are committed together here: the index holds every leaf."""

    notes = ()

    def __init__(self, connection: asyncpg.Connection, leaves: int, topics: Sequence[str]) -> None:
        self._connection = connection
        self.indexed = leaves
        # Said first: whoever forgot to name the cluster would else be told of an empty log.
        expected = "none where the log is embedded"
        self.faults = [Finding("log.topic", "topics", expected, topics)] if topics else []

    async def leaves(self) -> AsyncIterator[KeptLeaf]:
        """Every leaf in order."""
        stream = await Stream.of(self._connection, load_sql("services.checker", "leaves"))
        while rows := await stream.next(_LEAVES_FETCHED):
            for row in rows:
                yield KeptLeaf(_stored(row))

    async def intake(self) -> AsyncIterator[Acknowledged]:
        """Everything acknowledged."""
        stream = await Stream.of(self._connection, load_sql("services.checker", "intake"))
        while rows := await stream.next(_RECORDS_FETCHED):
            for partition, offset, *columns, intact in rows:
                place = Place(partition, offset)
                yield Acknowledged(place, IntakeRecord(place, *columns), intact)

    async def ends(self) -> Mapping[int, int]:
        """The counters that give offsets out."""
        rows = await self._connection.fetch(
            "SELECT partition, next_offset FROM log.intake_counter ORDER BY partition"
        )
        return {row["partition"]: row["next_offset"] for row in rows}


def _stored(row: tuple[Any, ...]) -> Stored:
    index, previous, leaf, partition, offset, positions, *arrival = row
    place = Place(partition, offset)
    record = LeafRecord(index, previous, leaf, place, tuple(positions))
    return Stored(record, Arrival(*arrival) if arrival[-1] is not None else None)
