"""What reads the topics, without a broker: the chain rule, and records in whatever order asked."""

import random
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from kafka import TopicPartition

from events.leaf import leaf_hash
from events.log.kafka.records import arrival_headers, leaf_headers
from events.log.protocol import Arrival, LeafRecord, Place
from services.checker.kafka import reader as reading
from services.checker.kafka.intake import IntakeTopic
from services.checker.kafka.reader import Reader, Span
from services.checker.kafka.walk import Walk

RECEIVED = "2026-03-02T10:00:00.000000Z"


def _record(partition: int, offset: int, value: bytes | None, headers: Any, key: Any = None) -> Any:
    return SimpleNamespace(
        partition=partition, offset=offset, value=value, headers=headers, key=key
    )


def _chain(length: int) -> list[LeafRecord]:
    made: list[LeafRecord] = []
    previous = bytes(32)
    for index in range(length):
        made.append(LeafRecord(index, previous, b"leaf %d" % index, Place(0, index), (index + 1,)))
        previous = leaf_hash(made[-1].leaf)
    return made


def _written(leaves: Sequence[LeafRecord]) -> list[Any]:
    return [_record(0, offset, leaf.leaf, leaf_headers(leaf)) for offset, leaf in enumerate(leaves)]


@pytest.mark.parametrize("seed", range(20))
def test_the_leaves_are_the_same_whatever_is_written_between_them(seed: int) -> None:
    chance, leaves = random.Random(seed), _chain(12)
    written: list[LeafRecord] = []
    for leaf in leaves:
        # Neither a record that was already there nor one that comes too early continues the chain.
        written += chance.sample([one for one in leaves if one != leaf], chance.randrange(4))
        written.append(leaf)
    walk = Walk()
    walked = list(walk.leaves(_written(written)))
    # A record may come early and then be in its place: the first that continues the chain is it.
    assert [placed.record for placed in walked] == leaves
    assert walk.ignored == len(written) - len(leaves)


@pytest.mark.parametrize("name", ["format", "index", "previous", "body", "positions"])
def test_a_header_without_a_value_is_no_leafs(name: str) -> None:
    (leaf,) = _chain(1)
    headers = [(one, None if one == name else value) for one, value in leaf_headers(leaf)]
    walk = Walk()
    assert list(walk.leaves([_record(0, 0, leaf.leaf, headers)])) == []
    assert walk.ignored == 1


class Consumer:
    """A client whose partitions hold records; it gives a few of those that are not paused."""

    def __init__(self, partitions: dict[TopicPartition, list[Any]], chance: random.Random) -> None:
        self.partitions, self.chance = partitions, chance
        self.positions: dict[TopicPartition, int] = {}
        self.paused: set[TopicPartition] = set()
        self.fetched = 0

    def assign(self, partitions: list[TopicPartition]) -> None:
        self.positions = dict.fromkeys(partitions, 0)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.positions[partition] = offset

    def position(self, partition: TopicPartition) -> int:
        return self.positions[partition]

    def pause(self, *partitions: TopicPartition) -> None:
        self.paused.update(partitions)

    def resume(self, *partitions: TopicPartition) -> None:
        self.paused.difference_update(partitions)

    def poll(self, milliseconds: int, max_records: int) -> dict[TopicPartition, list[Any]]:
        given: dict[TopicPartition, list[Any]] = {}
        for partition, records in self.partitions.items():
            behind = [one for one in records if one.offset >= self.positions[partition]]
            some = behind[: self.chance.randrange(1, 4)]
            if some and partition not in self.paused and self.chance.random() < 0.7:
                given[partition] = some
                self.positions[partition] = some[-1].offset + 1
                self.fetched += len(some)
        return given


def _arrival(name: str) -> Arrival:
    return Arrival("alpha", name, b"d" * 32, "token", 1, RECEIVED, name.encode())


def _intake(lengths: Sequence[int]) -> dict[TopicPartition, list[Any]]:
    made: dict[TopicPartition, list[Any]] = {}
    for partition, length in enumerate(lengths):
        arrivals = [_arrival(f"{partition}-{offset}") for offset in range(length)]
        made[TopicPartition("intake", partition)] = [
            _record(partition, offset, one.body, arrival_headers(one), b"alpha")
            for offset, one in enumerate(arrivals)
        ]
    return made


@pytest.mark.parametrize("seed", range(20))
def test_bodies_are_found_in_any_order_and_fetched_once_if_it_is_theirs(seed: int) -> None:
    chance = random.Random(seed)
    partitions = _intake([7, 0, 30, 3])
    consumer = Consumer(partitions, chance)
    # Two records came after the check began: they are not its concern.
    spans = {one: Span(0, max(len(records) - 2, 0)) for one, records in partitions.items()}
    topic = IntakeTopic(Reader(consumer, spans), spans)  # type: ignore[arg-type]
    held = [(p.partition, at) for p, span in spans.items() for at in range(span.end)]
    turns = [partition for partition, _ in chance.sample(held, len(held))]
    following = dict.fromkeys(range(4), 0)
    for partition in turns:
        arrival = topic.arrival(Place(partition, following[partition]))
        assert arrival is not None
        assert arrival.submission == f"{partition}-{following[partition]}"
        following[partition] += 1
    assert consumer.fetched <= sum(map(len, partitions.values()))
    for partition, offset in chance.choices(held, k=50):
        arrival = topic.arrival(Place(partition, offset))
        assert arrival is not None
        assert arrival.submission == f"{partition}-{offset}"
    for beyond in (Place(0, 5), Place(1, 0), Place(2, -1), Place(4, 0)):
        assert topic.arrival(beyond) is None
    places = [lies.place for lies in topic.everything()]
    assert places == [Place(*place) for place in held]


def test_a_partition_that_gives_nothing_more_ends_the_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "_STALLED_SECONDS", 0)
    (partition,) = partitions = _intake([3])
    consumer = Consumer(partitions, random.Random(0))
    reader = Reader(consumer, {partition: Span(0, 4)})  # type: ignore[arg-type]
    with pytest.raises(TimeoutError, match="no record before offset 4"):
        list(reader.all(partition))
