"""The intake as a topic: what the door appends to, and asks the index."""

from collections.abc import Sequence
from contextlib import AsyncExitStack

import asyncpg

from events.log.connections import Hints
from events.log.intake import partition_of
from events.log.kafka.client import KafkaAddress
from events.log.kafka.leaves import KafkaLeaves
from events.log.kafka.producer import Outgoing, Producer
from events.log.kafka.reader import RecordReader
from events.log.kafka.records import arrival_headers
from events.log.looking import look_ups
from events.log.protocol import Arrival, Place, Sent, Stands, Stood, in_the_way


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
        self._look_ups = look_ups(self.look_up)
        self._asking_bytes = 0

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

    async def append(self, arrival: Arrival, *, anyway: bool = False) -> Place:
        """Durable on every replica in sync when it returns; nothing sent if it raises `Stands`."""
        if not anyway:
            self._asking_bytes += len(arrival.body)
            try:
                await self._refuse_standing(arrival)
            finally:
                self._asking_bytes -= len(arrival.body)
        home = partition_of(arrival.emitter, self._address.partitions)
        outgoing = Outgoing(
            self._address.intake_partitions[home],
            arrival.body,
            arrival_headers(arrival),
            arrival.emitter.encode(),
        )
        (offset,) = await self._producer.send([outgoing])
        return Place(home, offset)

    async def _refuse_standing(self, arrival: Arrival) -> None:
        found = await self._look_ups.ask((arrival.emitter, arrival.submission))
        if standing := in_the_way(found, arrival.body_sha256):
            raise Stands(standing)

    async def stood(self, sent: Sequence[Sent]) -> Stood:
        """The leaves of these bodies."""
        asked = set(sent)
        found = {
            one.leaf_index: key
            for one in await self.look_up(sorted({key[:2] for key in asked}))
            if (key := (one.emitter, one.submission, one.body_sha256)) in asked
        }
        leaves = await self.leaves_at(list(found)) if found else []
        # Asked behind the leaves: every act before them is in the index by now.
        last_act = await self.last_act() if leaves else None
        return Stood({found[record.index]: record for record in leaves}, last_act)

    @property
    def waiting_bytes(self) -> int:
        """Bytes that wait for the index, or for a broker to confirm them."""
        return self._asking_bytes + self._producer.waiting_bytes

    async def close(self) -> None:
        """Deliver what waits, and disconnect."""
        await self._producer.close()
        await super().close()
