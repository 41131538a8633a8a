"""A log put into topics by hand, as it is or tampered with, and the index that belongs to it."""

import asyncio
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import asyncpg
from kafka import TopicPartition

from events.leaf import leaf_hash
from events.log.kafka.client import KafkaAddress
from events.log.kafka.records import Headers, arrival_headers, leaf_headers
from events.log.kafka.topics import apply_topics, remember_topics
from events.log.protocol import Arrival, LeafRecord
from services.checker.check import check_snapshot
from services.checker.embedded import embedded
from services.checker.kafka.source import in_kafka
from services.checker.report import Finding, render


class Raw(NamedTuple):
    """A record that nobody of the registry wrote."""

    value: bytes | None
    headers: Headers
    key: bytes | None = b"raw"


@dataclass
class Log:
    """What goes into the topics, in order; `known`: the leaves that the index holds."""

    intake: list[list[Arrival | Raw]]
    leaves: list[LeafRecord | Raw]
    known: list[LeafRecord] = field(default_factory=list)

    def leaf(self, index: int) -> LeafRecord:
        """The leaf of an index, as it was before anything was put between."""
        return self.known[index]

    def change(self, index: int, **fields: Any) -> None:
        """Put another record into a leaf's place, without a thought for those after it."""
        place = self.leaves.index(self.known[index])
        self.leaves[place] = replace(self.known[index], **fields)

    def link(self) -> None:
        """Make the leaves one chain again, as a forger with the topic in his hands would."""
        previous, index = bytes(32), 0
        for place, record in enumerate(self.leaves):
            if isinstance(record, LeafRecord):
                self.leaves[place] = replace(record, index=index, previous_hash=previous)
                previous, index = leaf_hash(record.leaf), index + 1

    def arrival(self, submission: str) -> tuple[int, int, Arrival]:
        """Partition, offset and content of a submission's first arrival."""
        for partition, records in enumerate(self.intake):
            for offset, record in enumerate(records):
                if isinstance(record, Arrival) and record.submission == submission:
                    return partition, offset, record
        raise LookupError(submission)

    def copy(self) -> "Log":
        """One to tamper with."""
        return Log([list(records) for records in self.intake], list(self.leaves), self.known)


async def read_embedded(connection: asyncpg.Connection, partitions: int = 12) -> Log:
    """The log of a database, which lies in no topic yet."""
    log = Log([[] for _ in range(partitions)], [])
    rows = await connection.fetch(
        "SELECT partition, emitter, submission, body_sha256, token, events, received_at, body "
        'FROM log.intake ORDER BY partition, "offset"'
    )
    for partition, *columns in rows:
        log.intake[partition].append(Arrival(*columns))
    async with embedded(connection) as source:
        log.known = [kept.stored.record async for kept in source.leaves()]
    log.leaves = list(log.known)
    return log


async def write(address: KafkaAddress, log: Log) -> None:
    """Make the topics and produce everything."""
    await apply_topics(address)
    await asyncio.to_thread(_write, address, log)


def _write(address: KafkaAddress, log: Log) -> None:
    producer = address.producer()
    try:
        sent = [
            producer.send(at.topic, raw.value, raw.key, raw.headers, at.partition)
            for at, raw in _messages(address, log)
        ]
        for future in sent:
            future.get(timeout=30)
    finally:
        producer.close()


def _messages(address: KafkaAddress, log: Log) -> Iterable[tuple[TopicPartition, Raw]]:
    for partition, records in zip(address.intake_partitions, log.intake, strict=True):
        for record in records:
            if isinstance(record, Raw):
                yield partition, record
            else:
                key = record.emitter.encode()
                yield partition, Raw(record.body, arrival_headers(record), key)
    for leaf in log.leaves:
        raw = leaf if isinstance(leaf, Raw) else Raw(leaf.leaf, leaf_headers(leaf), None)
        yield address.leaves_partition, raw


async def fill_index(connection: asyncpg.Connection, address: KafkaAddress, log: Log) -> None:
    """What a sequencer would have written of these topics; the rest of the index stays."""
    rows = list(_places(log))
    await connection.copy_records_to_table("leaf_place", schema_name="log", records=rows)
    await remember_topics(address, connection)


def _places(log: Log) -> Iterable[tuple[Any, ...]]:
    offsets, known = list[int](), iter(log.known)
    wanted = next(known, None)
    for offset, record in enumerate(log.leaves):
        if record == wanted:
            offsets.append(offset)
            wanted = next(known, None)
    # Behind the first leaf that is not what it was, the index is that of the log before.
    offsets += range(len(offsets), len(log.known))
    for leaf, offset in zip(log.known, offsets, strict=True):
        place = leaf.place
        yield leaf.index, offset, leaf_hash(leaf.leaf), place.partition, place.offset


def digest(body: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(body).digest()


async def is_found(index: asyncpg.Connection, address: KafkaAddress, where: str, what: str) -> None:
    """The checker names this, and names it first if it comes first."""
    report = await check_snapshot(index, log=in_kafka(address), first_only=False)
    assert any(_names(finding, where, what) for finding in report.findings), render(report)
    first = await check_snapshot(index, log=in_kafka(address))
    assert first.findings == report.findings[:1]


def _names(finding: Finding, where: str, what: str) -> bool:
    return finding.where.startswith(where) and what in finding.what
