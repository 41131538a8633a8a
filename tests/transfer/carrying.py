"""Exports and imports inside a test, and what lies in the topics afterwards."""

import asyncio
from dataclasses import dataclass
from typing import Any, Protocol

import asyncpg
from kafka import TopicPartition

from deploy.embedded.postgres import EmbeddedPostgres
from events.log.kafka.client import KafkaAddress
from migrations.roles import OPERATOR, SEQUENCER
from services.projections import catalogue
from services.projections.generation import export_view
from services.transfer.embedded import embedded
from services.transfer.export import export_log
from services.transfer.format import HeadLine, IntakeLine, LeafLine, Line
from services.transfer.groups import groups
from services.transfer.importing import import_log
from tests.support.world import World
from tests.transfer.making import lines_in

#: A record of a topic but its timestamp: partition, offset, key, value, headers.
Record = tuple[TopicPartition, int, bytes | None, bytes, list[tuple[str, bytes]]]


def unheard(done: int, lines: int) -> None:
    """Nobody watches."""


async def exported_from(world: World) -> bytes:
    """A world's log as a file."""
    written = list[bytes]()
    async with embedded(world.dsn(OPERATOR)) as source:
        await export_log(source, written.append, unheard)
    return b"".join(written)


class Place(Protocol):
    """Where a log is brought to: topics, and the database of the index."""

    @property
    def address(self) -> KafkaAddress:
        """The topics."""

    def dsn(self, role: str = ...) -> str:
        """The index as a role."""


@dataclass(frozen=True)
class Target:
    """Topics and a database, nobody connected to either."""

    address: KafkaAddress
    server: EmbeddedPostgres
    database: str

    def dsn(self, role: str = "postgres") -> str:
        """The index as a role."""
        return self.server.dsn(self.database, role)


async def imported(place: Place, data: bytes) -> HeadLine:
    """Bring a file there."""
    return await import_log(place.address, place.dsn(SEQUENCER), lines_in(data), unheard)


async def lying(address: KafkaAddress) -> list[Record]:
    """Everything that lies in the topics."""
    return await asyncio.to_thread(_lying, address)


def _lying(address: KafkaAddress) -> list[Record]:
    consumer, found = address.consumer(), list[Any]()
    try:
        for partition in (address.leaves_partition, *address.intake_partitions):
            (end,) = consumer.end_offsets([partition]).values()
            consumer.assign([partition])
            consumer.seek(partition, 0)
            while consumer.position(partition) < end:
                for records in consumer.poll(500).values():
                    found += records
    finally:
        consumer.close()
    return [
        (TopicPartition(one.topic, one.partition), one.offset, one.key, one.value, [*one.headers])
        for one in found
    ]


def promised(address: KafkaAddress, lines: list[Line]) -> list[Record]:
    """What must lie in the topics once these lines were imported."""
    return [
        (group.partition, offset, one.key, one.value, one.headers)
        for group in groups(lines, address)
        for offset, one in zip(group.offsets, group.records, strict=True)
    ]


async def views(dsn: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every view of the first generation, as exported."""
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction(isolation="repeatable_read"):
            return {
                name: [tuple(row) async for row in export_view(connection, 1, name)]
                for name in catalogue.VIEWS
            }
    finally:
        await connection.close()


def leaves_in(lines: list[Line]) -> list[LeafLine]:
    """The leaves among lines."""
    return [line for line in lines if isinstance(line, LeafLine)]


def intake_in(lines: list[Line]) -> list[IntakeLine]:
    """The intake's records among lines."""
    return [line for line in lines if isinstance(line, IntakeLine)]


async def execute(dsn: str, statement: str) -> None:
    """Run a statement that nobody of the registry would."""
    connection = await asyncpg.connect(dsn)
    await connection.execute(statement)
    await connection.close()
