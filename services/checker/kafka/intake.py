"""The intake's topic: bodies at the places that leaves name, then everything in order."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from kafka import TopicPartition

from events.log.kafka.records import intake_record
from events.log.protocol import Arrival, Place
from services.checker.kafka.reader import Reader, Span
from services.checker.source import Acknowledged

#: Records that are read and dropped on the way to a body rather than jumped over.
_SKIPPED_MAX = 1_000


class IntakeTopic:
    """Leaves name bodies from front to back, so reading them is reading on."""

    def __init__(self, reader: Reader, spans: Mapping[TopicPartition, Span]) -> None:
        self._reader = reader
        self._partitions = {partition.partition: partition for partition in spans}
        self._spans = spans
        self._next = {partition: span.start for partition, span in spans.items()}
        #: Records that no door wrote, once everything was read.
        self.foreign = 0

    def arrival(self, place: Place) -> Arrival | None:
        """What a door wrote at a place; None if there is no such thing."""
        partition = self._partitions.get(place.partition)
        if partition is None or not _holds(self._spans[partition], place.offset):
            return None
        record = self._at(partition, place.offset)
        return None if record is None else _arrival(record)

    def _at(self, partition: TopicPartition, offset: int) -> Any | None:
        ahead = offset - self._next[partition]
        if not 0 <= ahead <= _SKIPPED_MAX:
            self._reader.seek(partition, offset)
        while (record := self._reader.next(partition)) is not None:
            self._next[partition] = record.offset + 1
            if record.offset >= offset:
                break
        return record if record is not None and record.offset == offset else None

    def everything(self) -> Iterator[Acknowledged]:
        """All records from the start, partition by partition."""
        for partition, span in self._spans.items():
            self._reader.seek(partition, span.start)
        for partition in self._spans:
            yield from map(self._acknowledged, self._reader.all(partition))

    def _acknowledged(self, record: Any) -> Acknowledged:
        place = Place(record.partition, record.offset)
        found = intake_record(record)
        if found is None or found.is_foreign:
            self.foreign += 1
            return Acknowledged(place, None, intact=False)
        digest = hashlib.sha256(record.value).digest()
        return Acknowledged(place, found, intact=digest == found.body_sha256)


def _holds(span: Span, offset: int) -> bool:
    return span.start <= offset < span.end


def _arrival(record: Any) -> Arrival | None:
    found = intake_record(record)
    if found is None:
        return None
    return Arrival(
        found.emitter,
        found.submission,
        found.body_sha256,
        found.token,
        found.events,
        found.received_at,
        record.value,
    )
