"""The one writer's side on Kafka: exactly once by the chain, without transactions or groups.

Read `KafkaSequencerLog.commit` and `_settled` from top to bottom: they are where a write wins.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import asyncpg

from events.log.connections import Hints
from events.log.derive import acts_among, derive_round
from events.log.kafka.chain import ChainEnd
from events.log.kafka.client import KafkaAddress, OneThread, reaching
from events.log.kafka.leaves import KafkaLeaves
from events.log.kafka.places import IndexMoved, IndexWriter
from events.log.kafka.producer import Outgoing, Producer
from events.log.kafka.reader import RecordReader
from events.log.kafka.records import Placed, leaf_headers
from events.log.kafka.tailing import ChainTail, IntakeTail
from events.log.protocol import IntakeRecord, LeafRecord, Positions, Round

#: Leaves that are read and applied to the index together while a start catches up.
_CATCH_UP_LEAVES = 5_000


@dataclass(slots=True, eq=False)
class _Flight:
    """A round on its way: handed to the producer, its offsets not known yet."""

    round: Round
    offsets: asyncio.Future[list[int]]


class KafkaSequencerLog(KafkaLeaves):
    """Several may write at once; the chain lets one win each index.

    `_end`: where the chain ends, as far as every record before is known. `_ahead`: where it will
    end once all flights have won. Both are None when nobody knows: then nothing is sent until the
    topic was read to its end again.
    """

    def __init__(
        self,
        address: KafkaAddress,
        pool: asyncpg.Pool,
        hints: Hints,
        reader: RecordReader,
        producer: Producer,
        tails: tuple[IntakeTail, OneThread, ChainTail, OneThread],
    ) -> None:
        super().__init__(address, pool, hints, reader)
        self.partitions = address.partitions
        self._producer = producer
        self._intake, self._intake_thread, self._chain, self._chain_thread = tails
        self._index = IndexWriter(pool)
        self._end: ChainEnd | None = None
        self._ahead: ChainEnd | None = None
        self._flights: list[_Flight] = []
        #: Each is taken in the order of the calls.
        self._sending, self._settling = asyncio.Lock(), asyncio.Lock()

    @classmethod
    async def open(
        cls, address: KafkaAddress, pool: asyncpg.Pool, hints: Hints
    ) -> "KafkaSequencerLog":
        """Connect; ConnectionError while the cluster is away."""
        async with AsyncExitStack() as stack:
            producer = await Producer.open(address, address.leaves)
            stack.push_async_callback(producer.close)
            reader = await RecordReader.open(address)
            stack.push_async_callback(reader.close)
            first, second = OneThread("kafka-intake"), OneThread("kafka-chain")
            intake = await first.run(IntakeTail, address)
            stack.push_async_callback(first.run, intake.close)
            chain = await second.run(ChainTail, address)
            tails = (intake, first, chain, second)
            opened = cls(address, pool, hints, reader, producer, tails)
            # Whole: what was opened stays open.
            stack.pop_all()
        return opened

    async def close(self) -> None:
        """Disconnect."""
        await self._producer.close()
        with reaching():
            await self._intake_thread.run(self._intake.close)
            await self._chain_thread.run(self._chain.close)
        self._intake_thread.close()
        self._chain_thread.close()
        await super().close()

    # --- reading --------------------------------------------------------------------------------

    async def intake(self, after: Positions, limit: int) -> list[IntakeRecord]:
        """Records at or past the positions, as far as they were fetched."""
        return await self._intake_thread.run(self._intake.read, after, limit)

    async def wait_intake(self, seconds: float) -> None:
        """Return when something may have arrived."""
        await self._intake_thread.run(self._intake.wait, seconds)

    async def follow(self) -> None:
        """Read the chain to its end without writing: a standby does so all the time."""
        end = self._end or await self._index.end()
        while True:
            leaves, self._end = await self._read_chain(end)
            end = self._end
            if not leaves:
                break
        self._ahead = self._end

    async def tail(self) -> LeafRecord | None:
        """The last leaf of the topic; everything up to it is in the index when this returns."""
        await self._catch_up()
        return await super().tail()

    async def _catch_up(self) -> None:
        """Read the chain to its end, so that the next round may be sent behind it."""
        self._end = self._ahead = None
        self._end = self._ahead = await self._bring_index_up()

    async def _bring_index_up(self) -> ChainEnd:
        """Apply to the index what stands in the topic behind its last leaf; the chain's end.

        `Fatal` if the index leads the topic: then it belongs to another log, or the topic was cut.
        """
        # Reading it back compares its hash: what the index calls its last leaf lies in the topic.
        await super().tail()
        end = await self._index.end()
        while True:
            leaves, behind = await self._read_chain(end)
            if behind == end:
                return end
            end = await self._applied(leaves, end, behind)

    async def _applied(self, placed: Sequence[Placed], end: ChainEnd, behind: ChainEnd) -> ChainEnd:
        """Apply what was read between two ends; where to read on."""
        if not placed:
            return behind
        records = [one.record for one in placed]
        acts = acts_among(records)
        bodies = dict(zip(acts, await self.bodies(acts), strict=True))
        ring = await self.key_ring_before(end.next_index)
        try:
            await self._index.apply(derive_round(records, bodies, ring), placed)
        except IndexMoved:
            # Another one applies the same leaves: go on where it got to.
            return await self._index.end()
        return behind

    async def _read_chain(self, end: ChainEnd) -> tuple[list[Placed], ChainEnd]:
        return await self._chain_thread.run(self._chain.read, end, _CATCH_UP_LEAVES)

    # --- writing --------------------------------------------------------------------------------

    async def commit(self, round_: Round) -> bool:
        """Write a round behind the one before it; several may be on their way.

        What is sent here may reach the topic at any time, or never, and it makes no difference:
        if it does not continue the chain when it lands, it is no leaf.
        """
        async with self._sending:
            flight = await self._send(round_)
        if flight is None:
            return False
        try:
            async with self._settling:
                placed = await self._settled(flight)
            if placed:
                # Only now may anybody hear of these leaves: in the index doors and readers look.
                await self._tell(round_, placed)
            return placed is not None
        except BaseException:
            # Nobody knows how much of this stands, in the topic or in the index.
            self._end = self._ahead = None
            raise
        finally:
            self._flights.remove(flight)

    async def _send(self, round_: Round) -> _Flight | None:
        """Hand a round to the producer; None if it does not continue what was sent before it."""
        if self._ahead is None:
            await self._catch_up()
        first = round_.leaves[0]
        if self._ahead is None or not self._ahead.continued_by(first.index, first.previous_hash):
            return None
        flight = _Flight(round_, self._producer.send([self._outgoing(r) for r in round_.leaves]))
        self._flights.append(flight)
        self._ahead = _end_behind(round_, self._ahead.next_offset)
        return flight

    async def _tell(self, round_: Round, placed: Sequence[Placed]) -> None:
        try:
            await self._index.apply(round_, placed)
        except IndexMoved:
            # Another one read these leaves in the topic, as a start does, and applied some of them
            # before us: then the rest may be applied like anybody's.
            await self._bring_index_up()
            if not await self._is_indexed(round_):
                raise

    async def _is_indexed(self, round_: Round) -> bool:
        last = round_.leaves[-1]
        return await self.leaves(last.index, 1) == [last]

    def _outgoing(self, record: LeafRecord) -> Outgoing:
        return Outgoing(self._address.leaves_partition, record.leaf, leaf_headers(record))

    async def _settled(self, flight: _Flight) -> list[Placed] | None:
        """Where a round's leaves lie if it has won: everything before them must be known.

        None if it has lost, and nothing if it was found to stand and is in the index already.

        A crash here loses nothing that was promised: if the leaves stand, a start finds them in
        the topic and applies them to the index; if not, their bodies still wait in the intake.
        """
        offsets = await flight.offsets
        if self._end is None:
            raise ConnectionError("the outcome of an earlier round is not known")
        first, begin = flight.round.leaves[0], self._end.next_offset
        # Both are asked: an earlier round may never have reached the topic, and then this one lies
        # right behind the end that is known and is no leaf all the same.
        continues = self._end.continued_by(first.index, first.previous_hash)
        if continues and offsets == list(range(begin, begin + len(offsets))):
            leaves = zip(flight.round.leaves, offsets, strict=True)
            placed = [Placed(record, offset) for record, offset in leaves]
            self._end = self._end.after(placed[-1])
            return placed
        return [] if await self._stands(flight) else None

    async def _stands(self, flight: _Flight) -> bool:
        """Something else lies in between: read what stands, and bring the index there.

        All flights are settled first, since what is still on its way may come to stand too. Each
        of them is then found to stand or not in the same way, for its offsets tell nothing.
        """
        later = [one.offsets for one in self._flights if one is not flight]
        await asyncio.gather(*later, return_exceptions=True)
        await self._catch_up()
        return await self._is_indexed(flight.round)


def _end_behind(round_: Round, offset: int) -> ChainEnd:
    last = Placed(round_.leaves[-1], offset + len(round_.leaves) - 1)
    return ChainEnd(last.record.index + 1, last.hash, last.offset + 1)
