"""Records by place: any order, any number of callers, and no jump while reads go on in order."""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest
from kafka import TopicPartition

from events.log.kafka import reader as module
from events.log.kafka.client import KafkaAddress
from events.log.kafka.reader import At, RecordReader
from tests.log.raw import Raw, put
from tests.log.remaking import cut

#: Records that lie in each of two partitions.
_COUNT = 700


@pytest.fixture
async def reader(made: KafkaAddress) -> AsyncIterator[RecordReader]:
    """Over a topic whose first two partitions are filled."""
    for partition in made.intake_partitions[:2]:
        await put(made, partition, [Raw(_value(partition, at), []) for at in range(_COUNT)])
    opened = await RecordReader.open(made)
    yield opened
    await opened.close()


def _value(partition: TopicPartition, offset: int) -> bytes:
    return b"%d:%d" % (partition.partition, offset)


async def _read(reader: RecordReader, places: list[At]) -> None:
    """All are there, and each is what lies at its place."""
    found = await reader.read(places)
    assert {at: record.value for at, record in found.items()} == {
        (partition, offset): _value(partition, offset) for partition, offset in places
    }


def _jumps(reader: RecordReader, monkeypatch: pytest.MonkeyPatch) -> list[At]:
    """Where the client is told to go from now on."""
    consumer, jumps = reader._reading.consumer, list[At]()
    seek = consumer.seek

    def counted(partition: TopicPartition, offset: int) -> None:
        jumps.append((partition, offset))
        seek(partition, offset)

    monkeypatch.setattr(consumer, "seek", counted)
    return jumps


async def test_reading_on_never_jumps(
    made: KafkaAddress, reader: RecordReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Step by step, both partitions in turn, with a few left out now and then."""
    jumps = _jumps(reader, monkeypatch)
    one, two, *_ = made.intake_partitions
    for offset in range(0, 120, 3):
        await _read(reader, [(one, offset), (two, offset), (one, offset + 1)])
    for offset in range(121, _COUNT, 50):
        await _read(reader, [(two, at) for at in range(offset, min(offset + 40, _COUNT))])
    assert jumps == []


async def test_a_place_that_lies_far_ahead_or_behind_is_jumped_to(
    made: KafkaAddress, reader: RecordReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    jumps = _jumps(reader, monkeypatch)
    one, two, *_ = made.intake_partitions
    await _read(reader, [(one, 0), (one, _COUNT - 1), (two, 3)])
    await _read(reader, [(one, 1), (one, 1)])
    assert jumps == [(one, 1)] or jumps == [(one, _COUNT - 1), (one, 1)]
    await _read(reader, [(one, 2), (two, 4)])
    assert len(jumps) <= 2


async def test_any_order_by_any_number_of_callers(made: KafkaAddress, reader: RecordReader) -> None:
    """It hung: what the client held of one partition came only with news of another."""
    chance = random.Random(7)
    every = [(partition, at) for partition in made.intake_partitions[:2] for at in range(_COUNT)]
    asked = [chance.sample(every, chance.choice([1, 2, 5, 40])) for _ in range(40)]
    await asyncio.gather(*(_read(reader, places) for places in asked))
    for places in asked[:10]:
        await _read(reader, places)


async def test_what_does_not_exist_is_left_out_until_it_does(
    made: KafkaAddress, reader: RecordReader
) -> None:
    """Right behind the end, far behind it, in an empty partition; others are read all the same."""
    one, two, empty, *_ = made.intake_partitions
    missing = [(one, _COUNT), (one, _COUNT + 1), (two, 2**40), (empty, 0), (empty, 1)]
    found = await reader.read([*missing, (one, 1), (two, 1)])
    assert {at: record.value for at, record in found.items()} == {
        (one, 1): b"0:1",
        (two, 1): b"1:1",
    }
    for partition in (one, empty):
        begin = _COUNT if partition == one else 0
        for offset in range(begin, begin + 2):
            assert await reader.read([(partition, offset)]) == {}
            await put(made, partition, [Raw(_value(partition, offset), [])])
            await _read(reader, [(partition, offset)])
    await _read(reader, [(one, _COUNT + 1), (two, 2), (empty, 1), (empty, 0)])


async def test_a_caller_that_gives_up_takes_nothing_from_the_others(
    made: KafkaAddress, reader: RecordReader
) -> None:
    one, two, *_ = made.intake_partitions
    asking = [asyncio.create_task(_read(reader, [(one, n), (two, n)])) for n in range(0, 600, 100)]
    await asyncio.sleep(0)
    asking[0].cancel()
    asking[3].cancel()
    outcomes = await asyncio.gather(*asking, return_exceptions=True)
    assert [one is None for one in outcomes] == [False, True, True, False, True, True]
    await _read(reader, [(one, 0), (two, 300)])


async def test_what_was_read_ahead_is_not_kept_beyond_a_fetch(
    made: KafkaAddress, reader: RecordReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader of one leaf here and there must not gather the whole topic."""
    one, *_ = made.intake_partitions
    state = reader._reading._partitions[one]
    for offset in range(_COUNT):
        await reader.read([(one, offset)])
        assert len(state.ahead) <= module._RECORDS_AT_ONCE


async def test_a_topic_that_begins_later_has_lost_what_lay_before(
    made: KafkaAddress, reader: RecordReader
) -> None:
    """And what lies right behind that is read at once: it hung where it had found nothing."""
    one, *_ = made.intake_partitions
    await cut(made, one, 10)
    assert await reader.read([(one, 9)]) == {}
    await _read(reader, [(one, 10), (one, 11)])
    assert await reader.read([(one, 0)]) == {}
