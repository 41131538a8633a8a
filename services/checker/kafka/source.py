"""The log on Apache Kafka as the checker reads it: both topics to where they ended at the start."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TypeVar

import asyncpg

from events.log.kafka.client import KafkaAddress, OneThread
from events.log.kafka.records import Placed
from services.checker.judgement import Stored
from services.checker.kafka.cluster import Extent, Topic, extent, topic_faults
from services.checker.kafka.intake import IntakeTopic
from services.checker.kafka.reader import Reader
from services.checker.kafka.walk import Walk
from services.checker.report import Finding
from services.checker.source import Acknowledged, KeptLeaf, OpenLog

_Item = TypeVar("_Item")
#: What one visit to the client's thread brings at most: so many items, or so many bytes of bodies.
_ITEMS, _BYTES = 500, 8 * 1024 * 1024
#: Milliseconds that a broker may wait for news: one partition's silence holds up the others.
_FETCH_MS = 10
#: Milliseconds without an answer after which a request is given up.
_REQUEST_MS = 20_000


def in_kafka(address: KafkaAddress) -> OpenLog:
    """The log in the topics of a cluster; what the client raises is a ConnectionError."""

    @asynccontextmanager
    async def opened(index: asyncpg.Connection) -> AsyncIterator[KafkaSource]:
        # The snapshot of the index is older than what the topics are asked now: it cannot seem to
        # lead them.
        state = await _Index.read(index)
        thread = OneThread("checker")
        try:
            topics = await thread.run(_Topics.open, address)
            try:
                yield KafkaSource(thread, topics, state, address)
            finally:
                await thread.run(topics.close)
        finally:
            thread.close()

    return opened


@dataclass(frozen=True, slots=True)
class _Index:
    """What PostgreSQL says of the log as a whole."""

    indexed: int
    topics: Mapping[str, Topic]
    #: Tables of the embedded log that are not empty.
    embedded: Sequence[str]

    @classmethod
    async def read(cls, connection: asyncpg.Connection) -> "_Index":
        # The last leaf of either table: one that lost its last row is found by the other.
        last = await connection.fetchval(
            "SELECT greatest((SELECT max(leaf_index) FROM log.leaf_place),"
            " (SELECT max(leaf_index) FROM log.submission))"
        )
        topics = await connection.fetch("SELECT topic, topic_id, partitions FROM log.topic")
        embedded = [
            table
            for table in ("log.leaf", "log.intake")
            if await connection.fetchval(f"SELECT EXISTS (SELECT FROM {table})")
        ]
        return cls(
            0 if last is None else last + 1,
            {row["topic"]: Topic(row["topic_id"], row["partitions"]) for row in topics},
            embedded,
        )


@dataclass(slots=True)
class _Topics:
    """Both topics, read in one thread: the client blocks and knows no other."""

    extent: Extent
    connections: ExitStack
    reader: Reader
    intake: IntakeTopic
    walk: Walk = field(default_factory=Walk)

    @classmethod
    def open(cls, address: KafkaAddress) -> "_Topics":
        # A service soon gives up a slow broker for another. A check has time.
        patient = replace(address, security={"request_timeout_ms": _REQUEST_MS, **address.security})
        with ExitStack() as opened:
            first, second = (
                opened.enter_context(closing(patient.consumer(_FETCH_MS))) for _ in range(2)
            )
            found = extent(patient, first)
            intake = IntakeTopic(Reader(second, found.intake), found.intake)
            return cls(found, opened.pop_all(), Reader(first, found.leaves), intake)

    def leaves(self) -> Iterator[tuple[KeptLeaf, int]]:
        """Every leaf with its body, and the bytes of both."""
        records = chain.from_iterable(map(self.reader.all, self.extent.leaves))
        for placed in self.walk.leaves(records):
            yield self._kept(placed)

    def _kept(self, placed: Placed) -> tuple[KeptLeaf, int]:
        arrival = self.intake.arrival(placed.record.place)
        size = len(placed.record.leaf) + (0 if arrival is None else len(arrival.body))
        return KeptLeaf(Stored(placed.record, arrival), placed.offset), size

    def everything(self) -> Iterator[tuple[Acknowledged, int]]:
        """All of the intake; bodies stay behind."""
        return ((lies, 0) for lies in self.intake.everything())

    def close(self) -> None:
        """Disconnect."""
        self.connections.close()


class KafkaSource:
    """Both topics up to where they ended when the check began, and what the index says of them."""

    def __init__(
        self, thread: OneThread, topics: _Topics, index: _Index, address: KafkaAddress
    ) -> None:
        self._thread, self._topics = thread, topics
        self.indexed = index.indexed
        self.faults: Sequence[Finding] = [
            *topic_faults(address, index.topics, topics.extent, index.indexed),
            *_embedded_faults(index.embedded),
        ]

    @property
    def notes(self) -> Sequence[str]:
        """How much lies in the topics that is no leaf and no acknowledged submission."""
        counts = {
            "never became leaves": self._topics.walk.ignored,
            "of the intake were written by no door": self._topics.intake.foreign,
        }
        return [f"{count} records {what}" for what, count in counts.items() if count]

    def leaves(self) -> AsyncIterator[KeptLeaf]:
        """Every leaf in order."""
        return self._given(self._topics.leaves())

    def intake(self) -> AsyncIterator[Acknowledged]:
        """Everything acknowledged."""
        return self._given(self._topics.everything())

    async def ends(self) -> Mapping[int, int]:
        """Where each partition ended."""
        spans = self._topics.extent.intake
        return {partition.partition: span.end for partition, span in spans.items()}

    async def _given(self, items: Iterator[tuple[_Item, int]]) -> AsyncIterator[_Item]:
        while some := await self._thread.run(_some, items):
            for item in some:
                yield item


def _some(items: Iterator[tuple[_Item, int]]) -> list[_Item]:
    """The next few, by number and size."""
    some, size = list[_Item](), 0
    for item, its_size in items:
        some.append(item)
        size += its_size
        if len(some) >= _ITEMS or size >= _BYTES:
            break
    return some


def _embedded_faults(tables: Iterable[str]) -> Iterator[Finding]:
    for table in tables:
        yield Finding(table, "rows", "none where the log is on Kafka", "some")
