"""What an import does to the topics of a cluster: look where they end, read, append."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any, Protocol, Self

from kafka import KafkaConsumer, TopicPartition

from events.log.kafka.client import KafkaAddress, OneThread
from events.log.kafka.producer import Outgoing, Producer
from events.log.kafka.reader import At, RecordReader

#: Where each partition ends: the offset that its next record gets.
Ends = Mapping[TopicPartition, int]
#: Milliseconds after which a record that was not confirmed is given up. Nobody waits at a door:
#: as long as the client tries again by itself, it keeps the order, and no record twice.
_DELIVERY_MS = 120_000


class Topics(Protocol):
    """Whatever is away raises ConnectionError or TimeoutError."""

    async def ends(self) -> Ends:
        """Where every partition of both topics ends now."""

    async def read(self, places: Iterable[At]) -> Mapping[At, Any]:
        """The records at these places."""

    def send(self, records: Sequence[Outgoing]) -> asyncio.Future[list[int]]:
        """Append; their offsets once all are durable. ConnectionError: nobody knows which are."""


class ClusterTopics:
    """The topics of a real cluster."""

    def __init__(self, address: KafkaAddress) -> None:
        self._address = replace(address, delivery_ms=_DELIVERY_MS)
        self._thread = OneThread("kafka-ends")
        self._closing = AsyncExitStack()
        self._closing.callback(self._thread.close)
        self._consumer: KafkaConsumer
        self._reader: RecordReader
        self._producer: Producer

    async def __aenter__(self) -> Self:
        """Connect; ConnectionError while the cluster is away."""
        async with self._closing:
            self._consumer = await self._thread.run(self._address.consumer)
            self._closing.push_async_callback(self._thread.run, self._consumer.close)
            self._reader = await RecordReader.open(self._address)
            self._closing.push_async_callback(self._reader.close)
            self._producer = await Producer.open(self._address, self._address.intake)
            self._closing.push_async_callback(self._producer.close)
            self._closing = self._closing.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Deliver what waits, and disconnect."""
        await self._closing.aclose()

    async def ends(self) -> Ends:
        """Where every partition of both topics ends now."""
        every = [self._address.leaves_partition, *self._address.intake_partitions]
        found: Ends = await self._thread.run(self._consumer.end_offsets, every)
        return found

    async def read(self, places: Iterable[At]) -> Mapping[At, Any]:
        """The records at these places."""
        return await self._reader.read(places)

    def send(self, records: Sequence[Outgoing]) -> asyncio.Future[list[int]]:
        """Append."""
        return self._producer.send(records)
