"""Records of several partitions, each in its order, up to where it ended when the check began.

Synchronous, for one thread alone, as the client is.
"""

import time
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from kafka import KafkaConsumer, TopicPartition

#: Milliseconds of one poll, and records that it gives at most.
_POLL_MS, _RECORDS_AT_ONCE = 500, 500
#: Seconds without any record after which a check gives up rather than call half a log whole.
_STALLED_SECONDS = 60.0


class Span(NamedTuple):
    """The offsets that a partition holds: the first, and the one past the last."""

    start: int
    end: int


class Reader:
    """Gives what was asked for next. What came for other partitions is kept until they are asked.

    Nothing more is fetched for a partition that still has records here, so memory is bounded by
    what one fetch holds of each, in whatever order they are asked.
    """

    def __init__(self, consumer: KafkaConsumer, spans: Mapping[TopicPartition, Span]) -> None:
        self._consumer = consumer
        self._spans = spans
        self._kept: dict[TopicPartition, deque[Any]] = {partition: deque() for partition in spans}
        consumer.assign(list(spans))
        for partition, span in spans.items():
            consumer.seek(partition, span.start)

    def next(self, partition: TopicPartition) -> Any | None:
        """The next record; None at the end."""
        kept, end = self._kept[partition], self._spans[partition].end
        deadline = time.monotonic() + _STALLED_SECONDS
        while not kept and self._goes_on(partition):
            if self._poll():
                deadline = time.monotonic() + _STALLED_SECONDS
            elif time.monotonic() > deadline:
                raise TimeoutError(f"{partition} gives no record before offset {end}")
        return kept.popleft() if kept and kept[0].offset < end else None

    def all(self, partition: TopicPartition) -> Iterator[Any]:
        """What is left of a partition."""
        while (record := self.next(partition)) is not None:
            yield record

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Go on from another offset, which must be one that the partition holds."""
        self._kept[partition].clear()
        self._consumer.seek(partition, offset)

    def _poll(self) -> bool:
        wanted = [one for one in self._spans if not self._kept[one] and self._goes_on(one)]
        self._consumer.pause(*(one for one in self._spans if one not in wanted))
        self._consumer.resume(*wanted)
        polled = self._consumer.poll(_POLL_MS, max_records=_RECORDS_AT_ONCE)
        for partition, records in polled.items():
            self._kept[partition].extend(records)
        return bool(polled)

    def _goes_on(self, partition: TopicPartition) -> bool:
        """Whether there is more to fetch. A fetch behind the end would wait for what comes later.

        The client's position is asked, not the last record: markers of a stranger's transactions
        take offsets too.
        """
        position = self._consumer.position(partition)
        return position is None or position < self._spans[partition].end
