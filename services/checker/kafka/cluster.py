"""The log's topics as the cluster has them, against what the index says they were.

A chain alone cannot show that a topic was made anew, that records aged or partitions were added.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import UnknownTopicOrPartitionError

from events.log.kafka.client import KafkaAddress
from services.checker.kafka.reader import Span
from services.checker.report import Finding


class Topic(NamedTuple):
    """A row of `log.topic`, or what the cluster says of a topic."""

    topic_id: str
    partitions: int


@dataclass(frozen=True, slots=True)
class Extent:
    """The topics that exist, and what each of their partitions holds at one moment."""

    topics: Mapping[str, Topic]
    leaves: Mapping[TopicPartition, Span]
    intake: Mapping[TopicPartition, Span]


def extent(address: KafkaAddress, consumer: KafkaConsumer) -> Extent:
    """Ask the cluster. Leaves are measured first: then the intake holds all that they name."""
    topics = _topics(address)
    leaves = _spans(consumer, address.leaves, topics)
    return Extent(topics, leaves, _spans(consumer, address.intake, topics))


def _topics(address: KafkaAddress) -> dict[str, Topic]:
    admin = address.admin()
    try:
        described = admin.describe_topics([address.leaves, address.intake])
    finally:
        admin.close()
    return {
        topic["name"]: Topic(str(topic["topic_id"]), len(topic["partitions"]))
        for topic in described
        if _exists(topic)
    }


def _exists(topic: Any) -> bool:
    """Whether a topic is there; raises if the cluster does not say."""
    code = topic["error_code"]
    if code not in (0, UnknownTopicOrPartitionError.errno):
        raise ConnectionError(f"Kafka does not describe {topic['name']}: error {code}")
    return bool(code == 0)


def _spans(
    consumer: KafkaConsumer, name: str, topics: Mapping[str, Topic]
) -> dict[TopicPartition, Span]:
    count = topics[name].partitions if name in topics else 0
    partitions = [TopicPartition(name, number) for number in range(count)]
    starts = consumer.beginning_offsets(partitions) if partitions else {}
    ends = consumer.end_offsets(partitions) if partitions else {}
    return {partition: Span(starts[partition], ends[partition]) for partition in partitions}


def topic_faults(
    address: KafkaAddress, known: Mapping[str, Topic], found: Extent, indexed: int
) -> Iterator[Finding]:
    """What is wrong with the topics. `known`: what the index holds of them."""
    for name in (address.leaves, address.intake):
        yield from _identity_faults(name, known.get(name), found.topics.get(name), indexed)
    for name in sorted(set(known) - {address.leaves, address.intake}):
        yield Finding("log.topic", "topic", f"{address.leaves} and {address.intake}", name)
    if len(found.leaves) > 1:
        yield Finding(f"topic {address.leaves}", "partitions", 1, len(found.leaves))
    for partition, span in [*found.leaves.items(), *found.intake.items()]:
        if span.start:
            where = f"topic {partition.topic}, partition {partition.partition}"
            yield Finding(where, "first offset: nothing may age", 0, span.start)


def _identity_faults(
    name: str, known: Topic | None, found: Topic | None, indexed: int
) -> Iterator[Finding]:
    where = f"topic {name}"
    if found is None:
        yield Finding(where, "topic", "one in the cluster", "none")
    elif known is None:
        # Before the first leaf nothing may have been written down yet.
        if indexed:
            yield Finding(where, "row of log.topic", found, "no such row")
    else:
        for what, ours, theirs in zip(Topic._fields, known, found, strict=True):
            if ours != theirs:
                yield Finding(where, f"{what}, as the index began with it", ours, theirs)
