"""Reads records at given places. One after another in a partition it never seeks.

The projection reads on and on, the query API here and there: both through this one class.
"""

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import OffsetOutOfRangeError

from events.log.kafka.client import NOW_MS, KafkaAddress, OneThread, reaching

#: A record's place: which partition, which offset.
At = tuple[TopicPartition, int]
#: Records of others that are read and dropped rather than jumped over.
_SKIPPED_MAX = 64
#: Records taken from the client at once; it holds their bytes until then.
_RECORDS_AT_ONCE = 200
#: Milliseconds to wait for one fetch, and seconds for all that was asked.
_POLL_MS, ANSWER_SECONDS_MAX = 250, 20.0


class _Partition:
    """What was read of one partition and not yet asked for, in the order of offsets."""

    def __init__(self) -> None:
        self.ahead: deque[Any] = deque()
        self.next_offset = 0

    def reaches(self, offset: int) -> bool:
        """Whether reading on gets to an offset sooner than a jump."""
        begin: int = self.ahead[0].offset if self.ahead else self.next_offset
        return begin <= offset <= self.next_offset + _SKIPPED_MAX

    def jump(self, offset: int) -> None:
        """Forget what was read: the next record is the one at an offset."""
        self.ahead.clear()
        self.next_offset = offset

    def add(self, records: Sequence[Any]) -> None:
        """Take what was read."""
        self.ahead.extend(records)
        self.next_offset = records[-1].offset + 1

    def take(self, offset: int) -> Any | None:
        """The record at an offset, if it was read; those before it are dropped."""
        while self.ahead and self.ahead[0].offset < offset:
            self.ahead.popleft()
        found = bool(self.ahead) and self.ahead[0].offset == offset
        return self.ahead.popleft() if found else None

    def passed(self, offset: int) -> bool:
        """Whether the record at an offset cannot come any more."""
        return self.next_offset > offset


class _Reading:
    """The reader's state, used in its one thread alone."""

    def __init__(self, address: KafkaAddress) -> None:
        self.consumer: KafkaConsumer = address.consumer(NOW_MS)
        every = [*address.intake_partitions, address.leaves_partition]
        self.consumer.assign(every)
        self.consumer.pause(*every)
        for partition in every:
            # The client reads nothing as long as one partition has no position, even a paused one.
            self.consumer.seek(partition, 0)
        self._partitions = {partition: _Partition() for partition in every}

    def read(self, places: frozenset[At]) -> dict[At, Any]:
        """The records at these places; those that do not exist are left out."""
        wanted: dict[TopicPartition, list[int]] = defaultdict(list)
        for partition, offset in sorted(places):
            wanted[partition].append(offset)
        found: dict[At, Any] = {}
        for partition, offsets in wanted.items():
            self._read_partition(partition, offsets, found)
        return found

    def _read_partition(
        self, partition: TopicPartition, offsets: Sequence[int], found: dict[At, Any]
    ) -> None:
        state = self._partitions[partition]
        for offset in offsets:
            if not state.reaches(offset):
                self._jump(partition, state, offset)
            record = self._read_on(partition, state, offset)
            if record is not None:
                found[partition, offset] = record

    def _jump(self, partition: TopicPartition, state: _Partition, offset: int) -> None:
        self.consumer.seek(partition, offset)
        state.jump(offset)

    def _read_on(self, partition: TopicPartition, state: _Partition, offset: int) -> Any | None:
        deadline = time.monotonic() + ANSWER_SECONDS_MAX
        while (record := state.take(offset)) is None and not state.passed(offset):
            if not self._poll(partition, state, offset) and not self._exists(partition, offset):
                return None
            if time.monotonic() > deadline:
                raise TimeoutError(f"Kafka does not answer for {partition}")
        return record

    def _poll(self, partition: TopicPartition, state: _Partition, offset: int) -> bool:
        """Read on a little, towards an offset; whether anything came."""
        self.consumer.resume(partition)
        try:
            polled = self.consumer.poll(_POLL_MS, max_records=_RECORDS_AT_ONCE)
        except OffsetOutOfRangeError:
            # There is nothing where the client stands, and it would stay there.
            self._jump(partition, state, offset)
            return False
        finally:
            self.consumer.pause(partition)
        for records in polled.values():
            state.add(records)
        return bool(polled)

    def _exists(self, partition: TopicPartition, offset: int) -> bool:
        (end,) = self.consumer.end_offsets([partition]).values()
        (begin,) = self.consumer.beginning_offsets([partition]).values()
        return bool(begin <= offset < end)


class RecordReader:
    """Records at given places, for any number of callers at once: they share one reading."""

    def __init__(self, reading: _Reading, thread: OneThread) -> None:
        self._reading, self._thread = reading, thread
        self._asked: list[tuple[frozenset[At], asyncio.Future[dict[At, Any]]]] = []
        self._worker: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, address: KafkaAddress) -> "RecordReader":
        """Connect; ConnectionError while the cluster is away."""
        thread = OneThread("kafka-reader")
        return cls(await thread.run(_Reading, address), thread)

    async def read(self, places: Iterable[At]) -> dict[At, Any]:
        """The records at these places; those that do not exist are left out."""
        asked = frozenset(places)
        if not asked:
            return {}
        answer: asyncio.Future[dict[At, Any]] = asyncio.get_running_loop().create_future()
        self._asked.append((asked, answer))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._read_all())
        return await answer

    async def _read_all(self) -> None:
        while self._asked:
            together, self._asked = self._asked, []
            places = frozenset().union(*(asked for asked, _ in together))
            try:
                found = await self._thread.run(self._reading.read, places)
            except Exception as error:
                _answer(together, error)
            else:
                _answer(together, found)

    async def close(self) -> None:
        """Disconnect."""
        with reaching():
            await self._thread.run(self._reading.consumer.close)
        self._thread.close()


def _answer(
    together: Iterable[tuple[frozenset[At], asyncio.Future[dict[At, Any]]]],
    found: dict[At, Any] | Exception,
) -> None:
    for asked, answer in together:
        if answer.done():
            continue
        if isinstance(found, Exception):
            answer.set_exception(found)
        else:
            answer.set_result({at: found[at] for at in asked if at in found})
