"""The export of a running registry: all of it, as it stood at one moment."""

import pytest

from deploy.embedded.postgres import EmbeddedPostgres
from events.errors import Fatal
from events.leaf import LeafOutcome, decode_leaf
from migrations.roles import OPERATOR
from services.transfer.embedded import embedded
from services.transfer.export import export_log
from tests.log.kits import postgres_kit
from tests.projections.telling import completed
from tests.support.world import World
from tests.transfer.carrying import execute, exported_from, intake_in, leaves_in
from tests.transfer.making import read


async def test_the_story_holds_what_a_log_can_hold(story: World, exported: bytes) -> None:
    """What the other tests rely upon."""
    lines = read(exported)
    outcomes = {decode_leaf(line.leaf).outcome for line in leaves_in(lines)}
    assert outcomes == set(LeafOutcome)
    # Two repeats and one that waits have no leaf.
    assert len(intake_in(lines)) == len(leaves_in(lines)) + 3
    assert await story.leaves.quarantined()
    assert max(len(line.body) for line in intake_in(lines)) == 4 * 1024 * 1024


async def test_it_has_every_leaf_and_all_that_was_acknowledged(
    story: World, exported: bytes
) -> None:
    lines = read(exported)
    assert [line.record for line in leaves_in(lines)] == await story.leaves.leaves(0, 1_000)
    records = await story.log.intake((0,) * 12, 1_000)
    bodies = await story.leaves.bodies([record.place for record in records])
    assert [
        (line.partition, line.offset, line.emitter, line.submission, line.body)
        for line in intake_in(lines)
    ] == [
        (record.place.partition, record.place.offset, record.emitter, record.submission, body)
        for record, body in zip(records, bodies, strict=True)
    ]


async def test_twice_it_is_the_same(story: World, exported: bytes) -> None:
    assert await exported_from(story) == exported


async def test_what_is_written_meanwhile_is_not_in_it(world: World) -> None:
    await world.tell(completed(world))
    tail = await world.leaves.tail()
    assert tail is not None
    written, heard = list[bytes](), list[tuple[int, int]]()
    async with embedded(world.dsn(OPERATOR)) as source:
        await world.tell(completed(world))
        await world.push(world.alpha, [completed(world)])
        head = await export_log(source, written.append, lambda *told: heard.append(told))
    lines = read(b"".join(written))
    assert lines[0] == head
    assert leaves_in(lines)[-1].record == tail
    assert (head.leaves, head.intake) == (tail.index + 1, tail.positions)
    assert heard[-1] == (head.lines, head.lines)
    assert head.identity == world.identity


async def test_an_empty_log_is_not_carried(postgres: EmbeddedPostgres) -> None:
    async with postgres_kit(postgres) as kit:
        with pytest.raises(Fatal, match="the log is empty"):
            async with embedded(kit.dsn(OPERATOR)):
                pytest.fail("opened")


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        ("UPDATE log.intake SET body = body || ' '::bytea WHERE emitter = 'alpha'", "SHA-256"),
        ("UPDATE log.leaf SET leaf = leaf || ' '::bytea WHERE leaf_index = 1", "leaf 2 does not"),
        ("DELETE FROM log.leaf WHERE leaf_index = 1", "leaf 2 does not continue"),
        ("DELETE FROM log.intake WHERE emitter = 'authority' AND \"offset\" = 0", "offset"),
        ("DELETE FROM log.intake WHERE emitter = 'alpha'", "stands where partition"),
    ],
)
async def test_a_log_that_is_not_whole_is_not_carried(world: World, damage: str, why: str) -> None:
    await world.tell(completed(world))
    await execute(world.dsn(), damage)
    with pytest.raises(Fatal, match=why):
        await exported_from(world)
