"""An imported log is the same log: leaves, bodies, index, views, and it goes on behind the tail."""

from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest

from deploy.embedded.postgres import EmbeddedPostgres
from events.leaf import leaf_hash
from events.log.connections import connect_pool
from events.log.kafka.client import KafkaAddress
from events.log.kafka.topics import remember_topics
from events.log.protocol import IntakeRecord, Leaves, Place, SequencerLog
from migrations.roles import SEQUENCER
from services.checker.check import check
from services.checker.kafka.source import in_kafka
from services.projections.building import BuilderHere
from services.projections.projection import Projection
from services.sequencer.sequencer import Sequencer
from tests.log.kits import KafkaKit, kafka_kit
from tests.support.kafka import delete_topics
from tests.support.world import World
from tests.transfer.carrying import imported, intake_in, lying, promised, views
from tests.transfer.making import read


@pytest.fixture(scope="module")
async def moved(
    postgres: EmbeddedPostgres, kafka: str, story: World, exported: bytes
) -> AsyncIterator[KafkaKit]:
    """The story on Kafka with index and views; only the last tests write behind it."""
    address = KafkaAddress(kafka, f"t{uuid4().hex}")
    async with kafka_kit(postgres, address) as kit:
        head = await imported(kit, exported)
        pool = await connect_pool(kit.dsn(SEQUENCER), most=1)
        await remember_topics(address, pool)
        await pool.close()
        last = await kit.log.tail()
        assert last is not None
        assert last.index == head.leaves - 1
        await _fold(kit, story)
        yield kit
    delete_topics(kafka, address.prefix)


async def _fold(kit: KafkaKit, story: World) -> None:
    connection = await asyncpg.connect(kit.dsn())
    projection = Projection(connection, kit.leaves, BuilderHere(story.days), 1)
    while await projection.fold_batch():
        pass
    await connection.close()


async def test_the_topics_hold_the_file_byte_for_byte(moved: KafkaKit, exported: bytes) -> None:
    assert await lying(moved.address) == promised(moved.address, read(exported))


async def test_readers_see_the_same_log(moved: KafkaKit, story: World, exported: bytes) -> None:
    here, there = moved.leaves, story.leaves
    assert await here.tail() == await there.tail()
    assert await here.leaves(0, 1_000) == await there.leaves(0, 1_000)
    places = [Place(line.partition, line.offset) for line in intake_in(read(exported))]
    assert await here.bodies(places) == await there.bodies(places)
    ids = [(line.emitter, line.submission) for line in intake_in(read(exported))]
    assert set(await here.look_up(ids)) == set(await there.look_up(ids))
    assert await here.quarantined() == await there.quarantined()
    await _same_keys(here, there)


async def _same_keys(here: Leaves, there: Leaves) -> None:
    tail = await there.tail()
    assert tail is not None
    for index in range(tail.index + 2):
        assert await here.key_ring_before(index) == await there.key_ring_before(index)


async def test_the_sequencer_reads_the_same_intake(moved: KafkaKit, story: World) -> None:
    assert await _whole_intake(moved.log) == await _whole_intake(story.log)


async def _whole_intake(log: SequencerLog) -> list[IntakeRecord]:
    positions, found = [0] * log.partitions, list[IntakeRecord]()
    while records := await log.intake(tuple(positions), 1_000):
        for record in records:
            positions[record.place.partition] = record.place.offset + 1
        found += records
    return sorted(found, key=lambda one: (one.place.partition, one.place.offset))


async def test_the_views_are_the_same(moved: KafkaKit, story: World) -> None:
    ours, theirs = await views(moved.dsn()), await views(story.dsn())
    assert ours == theirs
    assert all(theirs[name] for name in ("fact", "anomaly", "submission", "work_by_platform"))


async def test_the_checker_finds_the_same(moved: KafkaKit, story: World) -> None:
    """What it finds is the body that no door would have let through."""
    ours = await check(moved.dsn(), log=in_kafka(moved.address), first_only=False)
    theirs = await check(story.dsn(), first_only=False)
    assert ours == theirs
    assert (ours.leaves, ours.waiting) == (15, 1)
    assert [one.what for one in ours.findings] == ["body"]


async def test_a_second_import_changes_nothing(moved: KafkaKit, exported: bytes) -> None:
    before = await lying(moved.address)
    await imported(moved, exported)
    assert await lying(moved.address) == before


async def test_what_waited_gets_the_next_leaf(moved: KafkaKit, story: World) -> None:
    last = await story.leaves.tail()
    assert last is not None
    assert await Sequencer(moved.log, story.clock).commit_round() == 1
    (leaf,) = await moved.leaves.leaves(last.index + 1, 10)
    assert leaf.previous_hash == leaf_hash(last.leaf)
    (waited,) = await moved.leaves.look_up([("alpha", "waits")])
    assert waited.leaf_index == leaf.index == last.index + 1
    await _fold(moved, story)
    report = await check(moved.dsn(), log=in_kafka(moved.address), first_only=False)
    assert (report.leaves, report.waiting) == (16, 0)
    assert [one.what for one in report.findings] == ["body"]
