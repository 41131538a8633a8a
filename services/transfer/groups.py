"""Lines of a file as groups of records for the topics, each of one partition. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from kafka import TopicPartition

from events.log.kafka.client import KafkaAddress
from events.log.kafka.producer import Outgoing
from events.log.kafka.records import arrival_headers, leaf_headers
from services.transfer.format import IntakeLine, LeafLine, Line

#: Records and bytes of one group, more or less: one request of the client.
_GROUP_RECORDS, _GROUP_BYTES = 500, 1024 * 1024
#: Bytes that a record takes beside its value, more or less.
_BESIDE_BYTES = 1_024


@dataclass(frozen=True, slots=True)
class Group:
    """Records that lie, or shall lie, one behind the other from an offset on."""

    partition: TopicPartition
    start: int
    records: tuple[Outgoing, ...]

    @property
    def end(self) -> int:
        """The offset behind the last."""
        return self.start + len(self.records)

    @property
    def offsets(self) -> range:
        """Of each record."""
        return range(self.start, self.end)

    @property
    def bytes(self) -> int:
        """What they take, more or less."""
        return sum(_BESIDE_BYTES + len(one.value) for one in self.records)

    def split(self, end: int) -> tuple["Group", "Group"]:
        """What lies before an offset, and the rest."""
        count = min(max(end - self.start, 0), len(self.records))
        lying, rest = self.records[:count], self.records[count:]
        return (
            Group(self.partition, self.start, lying),
            Group(self.partition, self.start + count, rest),
        )


def groups(lines: Iterable[Line], address: KafkaAddress) -> Iterator[Group]:
    """What the lines become in the topics, in their order."""
    start, size, records = 0, 0, list[Outgoing]()
    for line in lines:
        if not isinstance(line, LeafLine | IntakeLine):
            continue
        offset, outgoing = _outgoing(line, address)
        if records and (
            records[-1].partition != outgoing.partition
            or len(records) == _GROUP_RECORDS
            or size >= _GROUP_BYTES
        ):
            yield Group(records[0].partition, start, tuple(records))
            size, records = 0, []
        start = start if records else offset
        size += len(outgoing.value)
        records.append(outgoing)
    if records:
        yield Group(records[0].partition, start, tuple(records))


def _outgoing(line: LeafLine | IntakeLine, address: KafkaAddress) -> tuple[int, Outgoing]:
    """The offset that a record must get, and the record."""
    if isinstance(line, LeafLine):
        partition, record = address.leaves_partition, line.record
        return line.index, Outgoing(partition, line.leaf, leaf_headers(record))
    partition, arrival = address.intake_partitions[line.partition], line.arrival
    key = line.emitter.encode()
    return line.offset, Outgoing(partition, line.body, arrival_headers(arrival), key)


def is_same(lying: Any, outgoing: Outgoing) -> bool:
    """Whether a record that was read is the one that would be written, to the byte."""
    read = (lying.key, lying.value, list(lying.headers))
    return read == (outgoing.key, outgoing.value, outgoing.headers)
