"""The intake as a topic: what the door appends to, and asks the index."""

from contextlib import AsyncExitStack

import asyncpg

from events.log.connections import Hints
from events.log.intake import partition_of
from events.log.kafka.client import KafkaAddress
from events.log.kafka.leaves import KafkaLeaves
from events.log.kafka.producer import Outgoing, Producer
from events.log.kafka.reader import RecordReader
from events.log.kafka.records import arrival_headers
from events.log.protocol import Arrival, Place


class KafkaIntake(KafkaLeaves):
    """The door's side. Concurrent appends share the client's batches."""

    def __init__(
        self,
        address: KafkaAddress,
        pool: asyncpg.Pool,
        hints: Hints,
        reader: RecordReader,
        producer: Producer,
    ) -> None:
        super().__init__(address, pool, hints, reader)
        self._producer = producer

    @classmethod
    async def open(cls, address: KafkaAddress, pool: asyncpg.Pool, hints: Hints) -> "KafkaIntake":
        """Connect; ConnectionError while the cluster is away."""
        async with AsyncExitStack() as stack:
            producer = await Producer.open(address, address.intake)
            stack.push_async_callback(producer.close)
            opened = cls(address, pool, hints, await RecordReader.open(address), producer)
            # Whole: what was opened stays open.
            stack.pop_all()
        return opened

    async def append(self, arrival: Arrival) -> Place:
        """Durable on every replica in sync when it returns; unknown when it raises."""
        home = partition_of(arrival.emitter, self._address.partitions)
        outgoing = Outgoing(
            self._address.intake_partitions[home],
            arrival.body,
            arrival_headers(arrival),
            arrival.emitter.encode(),
        )
        (offset,) = await self._producer.send([outgoing])
        return Place(home, offset)

    @property
    def waiting_bytes(self) -> int:
        """Bytes handed to the client that no broker has confirmed."""
        return self._producer.waiting_bytes

    async def close(self) -> None:
        """Deliver what waits, and disconnect."""
        await self._producer.close()
        await super().close()
