"""An intake with a hole or wrong offsets stops the sequencer: passing over it would lose a body."""

import asyncpg
import pytest

from events.errors import Fatal
from tests.fault.checking import assert_whole
from tests.fault.clients import Client
from tests.support.world import World

#: What someone with the database's keys might do, and undo, to alpha's partition.
TAMPERINGS = {
    "a hole": (
        "UPDATE log.intake SET partition = 99 WHERE submission = 't1'",
        "UPDATE log.intake SET partition = {home} WHERE submission = 't1'",
    ),
    "the first is gone": (
        "UPDATE log.intake SET partition = 99 WHERE submission = 't0'",
        "UPDATE log.intake SET partition = {home} WHERE submission = 't0'",
    ),
    "an offset pushed on": (
        'UPDATE log.intake SET "offset" = "offset" + 10 WHERE submission = \'t3\'',
        'UPDATE log.intake SET "offset" = "offset" - 10 WHERE submission = \'t3\'',
    ),
}


@pytest.mark.parametrize("tampering", sorted(TAMPERINGS))
async def test_a_tampered_intake_stops_the_sequencer(world: World, tampering: str) -> None:
    client, (harm, repair) = Client(world, world.alpha), TAMPERINGS[tampering]
    for number in range(4):
        await client.send(f"t{number}")
    home = await _home(world)
    await _execute(world, harm)
    for sequencer in (world.sequencer, world.new_sequencer()):
        with pytest.raises(Fatal, match=f"intake partition {home}: expected offset"):
            await sequencer.commit_round()
    tail = await world.leaves.tail()
    assert tail is not None
    assert tail.index == 1
    await _execute(world, repair.format(home=home))
    await world.sequence()
    report = await assert_whole(world.dsn(), client.history)
    assert report.leaves == 6


async def test_a_log_of_other_partitions_is_not_written(world: World) -> None:
    """With fewer, whole partitions would never be read; with more, order is lost."""
    world.log.partitions = 11
    with pytest.raises(Fatal, match="12 intake partitions"):
        await world.new_sequencer().commit_round()


async def _home(world: World) -> int:
    connection = await asyncpg.connect(world.dsn())
    home: int = await connection.fetchval(
        "SELECT partition FROM log.intake WHERE submission = 't0'"
    )
    await connection.close()
    return home


async def _execute(world: World, statement: str) -> None:
    connection = await asyncpg.connect(world.dsn())
    await connection.execute(statement)
    await connection.close()
