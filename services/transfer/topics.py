"""What an import does to the topics of a cluster: look where they end, read, append."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any, Protocol, Self, TypeVar

import structlog
from kafka import KafkaConsumer, TopicPartition

from events.log.kafka.client import KafkaAddress, OneThread
from events.log.kafka.producer import Outgoing, Producer
from events.log.kafka.reader import At, RecordReader

_log = structlog.get_logger()
_Answer = TypeVar("_Answer")
#: Where each partition ends: the offset that its next record gets.
Ends = Mapping[TopicPartition, int]
#: Milliseconds after which a record that was not confirmed is given up. Nobody waits at a door:
#: as long as the client tries again by itself, it keeps the order, and no record twice.
_DELIVERY_MS = 120_000
#: Seconds for which a question is asked again, and between two tries.
_PATIENCE_SECONDS, _PAUSE_SECONDS = _DELIVERY_MS / 1_000, 1.0


class Topics(Protocol):
    """Whatever is away raises ConnectionError or TimeoutError."""

    async def ends(self) -> Ends:
        """Where every partition of both topics ends now."""

    async def read(self, places: Iterable[At]) -> Mapping[At, Any]:
        """The records at these places."""

    def send(self, records: Sequence[Outgoing]) -> asyncio.Future[list[int]]:
        """Append to one partition; the offsets once all are durable.

        ConnectionError: nobody knows which of them are.
        """


class ClusterTopics:
    """The topics of a real cluster."""

    def __init__(self, address: KafkaAddress) -> None:
        self._address = replace(address, delivery_ms=_DELIVERY_MS)
        self._thread = OneThread("kafka-ends")
        self._closing = AsyncExitStack()
        self._closing.callback(self._thread.close)
        self._consumer: KafkaConsumer
        self._reader: RecordReader
        self._producers = dict[str, Producer]()

    async def __aenter__(self) -> Self:
        """Connect; ConnectionError while the cluster is away."""
        async with self._closing:
            self._consumer = await self._thread.run(self._address.consumer)
            self._closing.push_async_callback(self._thread.run, self._consumer.close)
            self._reader = await RecordReader.open(self._address)
            self._closing.push_async_callback(self._reader.close)
            for topic in (self._address.leaves, self._address.intake):
                self._producers[topic] = await Producer.open(self._address, topic)
                self._closing.push_async_callback(self._producers[topic].close)
            self._closing = self._closing.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Deliver what waits, and disconnect."""
        await self._closing.aclose()

    async def ends(self) -> Ends:
        """Where every partition of both topics ends now."""
        every = [self._address.leaves_partition, *self._address.intake_partitions]
        return await _patiently(lambda: self._thread.run(self._consumer.end_offsets, every))

    async def read(self, places: Iterable[At]) -> Mapping[At, Any]:
        """The records at these places."""
        asked = tuple(places)
        return await _patiently(lambda: self._reader.read(asked))

    def send(self, records: Sequence[Outgoing]) -> asyncio.Future[list[int]]:
        """Append to one partition."""
        return self._producers[records[0].partition.topic].send(records)


async def _patiently(ask: Callable[[], Awaitable[_Answer]]) -> _Answer:
    """The answer to a question; a broker that is killed is back, or replaced, in a while."""
    loop = asyncio.get_running_loop()
    until = loop.time() + _PATIENCE_SECONDS
    while True:
        try:
            return await ask()
        except (ConnectionError, TimeoutError) as error:
            if loop.time() > until:
                raise
            _log.warning("no answer: asking again", error=str(error))
            await asyncio.sleep(_PAUSE_SECONDS)
