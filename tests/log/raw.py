"""Records that go into a topic as they are, past every door and every sequencer."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from kafka import TopicPartition

from events.log.kafka.client import KafkaAddress
from events.log.kafka.records import Headers, arrival_headers, leaf_headers
from events.log.protocol import Arrival, LeafRecord


class Raw(NamedTuple):
    """What a record holds, whoever wrote it."""

    value: bytes | None
    headers: Headers
    key: bytes | None = None


def raw_leaf(record: LeafRecord, **other: bytes) -> Raw:
    """A leaf's record, with other headers in place of its own."""
    headers = [(name, other.get(name, value)) for name, value in leaf_headers(record)]
    return Raw(record.leaf, headers)


def raw_arrival(one: Arrival, **other: bytes) -> Raw:
    """An arrival's record, with other headers in place of its own."""
    headers = [(name, other.get(name, value)) for name, value in arrival_headers(one)]
    return Raw(one.body, headers, one.emitter.encode())


async def put(address: KafkaAddress, at: TopicPartition, records: Sequence[Raw]) -> list[int]:
    """Append them to a partition, in order; their offsets."""
    return await asyncio.to_thread(_put, address, at, records)


def _put(address: KafkaAddress, at: TopicPartition, records: Sequence[Raw]) -> list[int]:
    producer = address.producer()
    try:
        sent = [
            # A record without a value needs a key.
            producer.send(
                at.topic, one.value, one.key or b"raw", one.headers, partition=at.partition
            )
            for one in records
        ]
        return [future.get(timeout=30).offset for future in sent]
    finally:
        producer.close()
