"""What the sequencer reads on and on: the intake behind its positions, and the chain to its end."""

import time
from collections import defaultdict, deque
from collections.abc import Sequence
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import OffsetOutOfRangeError

from events.errors import Fatal
from events.log.kafka.chain import Chain, ChainEnd
from events.log.kafka.client import NOW_MS, KafkaAddress
from events.log.kafka.reader import ANSWER_SECONDS_MAX
from events.log.kafka.records import Placed, intake_record, placed_leaf
from events.log.protocol import IntakeRecord, Place, Positions

#: Records taken from the client at once.
_RECORDS_AT_ONCE = 1_000
#: Milliseconds to wait for one fetch of what surely lies there.
_POLL_MS = 250
#: Seconds for which a client may ask a broker that does not lead any more, and between looks.
STALE_SECONDS, _LOOK_SECONDS = 6.0, 0.1


def _refuse_cut(consumer: KafkaConsumer, at: TopicPartition, reached: int) -> int:
    """Where a partition ends; `Fatal` if that is before an offset that was reached.

    A broker that comes back from a freeze may answer for a moment as if it still led.
    """
    deadline = time.monotonic() + STALE_SECONDS
    while (end := int(consumer.end_offsets([at])[at])) < reached:
        if time.monotonic() > deadline:
            raise Fatal(
                f"partition {at.partition} of {at.topic} ends at offset {end}, and {reached} was "
                "reached before: it was cut"
            )
        time.sleep(_LOOK_SECONDS)
    return end


class IntakeTail:
    """The intake behind some positions; used in one thread alone."""

    def __init__(self, address: KafkaAddress) -> None:
        self._consumer = address.consumer()
        self._partitions = address.intake_partitions
        self._consumer.assign(self._partitions)
        #: Asked where partitions end, over connections on which no fetch waits for news.
        self._asked = address.consumer(NOW_MS)
        #: Fetched and not yet settled; what was given out stays until the positions pass it.
        self._ahead: dict[int, deque[IntakeRecord]] = defaultdict(deque)
        self._next = [-1] * len(self._partitions)

    def read(self, after: Positions, limit: int) -> list[IntakeRecord]:
        """Records at or past the positions, up to `limit` of each partition: none if there are
        none, otherwise as many as were fetched."""
        for partition, position in enumerate(after):
            self._go_to(partition, position)
        if not any(self._ahead.values()):
            self._poll_what_lies()
        return [
            record
            for partition in range(len(after))
            for record in list(self._ahead[partition])[:limit]
        ]

    def wait(self, seconds: float) -> None:
        """Return when something may have arrived, at the latest after some seconds."""
        if min(self._next) >= 0 and not any(self._ahead.values()):
            self._poll(int(seconds * 1_000))

    def close(self) -> None:
        """Disconnect."""
        self._consumer.close()
        self._asked.close()

    def _poll_what_lies(self) -> None:
        self._poll(0)
        deadline = time.monotonic() + ANSWER_SECONDS_MAX
        while not any(self._ahead.values()) and self._lies_ahead():
            self._poll(_POLL_MS)
            if time.monotonic() > deadline:
                raise TimeoutError("Kafka does not answer for the intake")

    def _lies_ahead(self) -> bool:
        ends = self._asked.end_offsets(self._partitions)
        for at in self._partitions:
            if ends[at] < self._next[at.partition]:
                _refuse_cut(self._asked, at, self._next[at.partition])
        return any(ends[at] > self._next[at.partition] for at in self._partitions)

    def _go_to(self, partition: int, position: int) -> None:
        """Drop what lies before a position; jump to it if it was never read."""
        ahead = self._ahead[partition]
        while ahead and ahead[0].place.offset < position:
            ahead.popleft()
        begins = ahead[0].place.offset if ahead else self._next[partition]
        if begins != position:
            ahead.clear()
            self._consumer.seek(self._partitions[partition], position)
            self._next[partition] = position

    def _poll(self, milliseconds: int) -> None:
        try:
            polled = self._consumer.poll(milliseconds, max_records=_RECORDS_AT_ONCE)
        except OffsetOutOfRangeError as error:
            raise Fatal(
                f"the intake does not reach back or up to its positions: it was cut ({error})"
            ) from error
        for partition, records in polled.items():
            self._ahead[partition.partition].extend(map(_known, records))
            self._next[partition.partition] = records[-1].offset + 1


def _known(record: Any) -> IntakeRecord:
    """A record as it is judged. One that no door wrote keeps its place, and gets no leaf."""
    found = intake_record(record)
    return found or IntakeRecord.foreign(Place(record.partition, record.offset))


class ChainTail:
    """The leaves topic from some place on; used in one thread alone."""

    def __init__(self, address: KafkaAddress) -> None:
        self._consumer = address.consumer(NOW_MS)
        self._partition = address.leaves_partition
        self._consumer.assign([self._partition])
        self._at = -1

    def read(self, end: ChainEnd, limit: int) -> tuple[list[Placed], ChainEnd]:
        """The leaves behind a known end of the chain, and the end behind them.

        Reads up to where the topic ends now, or until there are `limit` leaves or more.
        """
        topic_end = _refuse_cut(self._consumer, self._partition, end.next_offset)
        chain, leaves = Chain(end), list[Placed]()
        while chain.end.next_offset < topic_end and len(leaves) < limit:
            leaves += chain.follow(self._poll(chain.end.next_offset))
        return leaves, chain.end

    def close(self) -> None:
        """Disconnect."""
        self._consumer.close()

    def _poll(self, offset: int) -> Sequence[tuple[int, Placed | None]]:
        if self._at != offset:
            self._consumer.seek(self._partition, offset)
        deadline = time.monotonic() + ANSWER_SECONDS_MAX
        try:
            while not (polled := self._consumer.poll(_POLL_MS, max_records=_RECORDS_AT_ONCE)):
                if time.monotonic() > deadline:
                    raise TimeoutError("Kafka does not answer for the leaves topic")
        except OffsetOutOfRangeError as error:
            raise Fatal(f"the leaves topic begins behind offset {offset}: it was cut") from error
        records = polled[self._partition]
        self._at = records[-1].offset + 1
        return [(record.offset, placed_leaf(record)) for record in records]
