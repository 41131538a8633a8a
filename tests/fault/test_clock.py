"""The sequencer's clock goes back, stands still, or runs ahead (RULES 2.5)."""

import asyncio
from datetime import timedelta

import pytest

from events.leaf import decode_leaf
from services.sequencer.sequencer import CLOCK_AHEAD_OF_DATABASE_MAX, Sequencer
from tests.fault.checking import assert_whole
from tests.fault.clients import Client
from tests.fault.waiting import until
from tests.support.world import START, SetClock, World


async def _moments(world: World) -> list[object]:
    return [decode_leaf(record.leaf).sequenced for record in await world.leaves.leaves(2, 100)]


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_clock_that_went_back_an_hour_dates_by_the_last_leaf(
    world: World, restarted: bool
) -> None:
    client, clock = Client(world, world.alpha), SetClock()
    sequencer = Sequencer(world.log, clock)
    for hours in (0, -1, 1):
        clock.now = START + timedelta(hours=hours)
        await client.send(f"s{hours}")
        if restarted:
            sequencer = Sequencer(world.log, clock)
        assert await sequencer.commit_round() == 1
    assert await _moments(world) == [START, START, START + timedelta(hours=1)]
    await assert_whole(world.dsn(), client.history)


async def test_a_clock_that_stands_still_stops_nothing(world: World) -> None:
    client = Client(world, world.alpha)
    for number in range(3):
        await client.send(f"s{number}")
        await world.sequence()
    assert await _moments(world) == [START] * 3
    await assert_whole(world.dsn(), client.history)


async def _run_until_it_returns(world: World) -> None:
    """A sequencer whose clock runs ahead ends its run by itself."""
    await asyncio.wait_for(world.sequencer.run(asyncio.Event()), 30)


@pytest.mark.parametrize("days", [0, 1])
async def test_a_clock_too_far_ahead_writes_nothing_and_says_by_how_much(
    world: World, capsys: pytest.CaptureFixture[str], days: int
) -> None:
    """A day and 61 seconds was said to be 61 seconds."""
    client = Client(world, world.alpha)
    await client.send("s1")
    ahead = CLOCK_AHEAD_OF_DATABASE_MAX + timedelta(seconds=100, days=days)
    world.clock.now = await world.log.now() + ahead
    await _run_until_it_returns(world)
    assert not world.sequencer.progress.clock_fits
    assert await _moments(world) == []
    said = capsys.readouterr().out
    assert f"seconds={86_400 * days + 159}." in said or f"seconds={86_400 * days + 160}" in said


async def test_a_clock_within_the_limit_writes(world: World) -> None:
    client, stop = Client(world, world.alpha), asyncio.Event()
    await client.send("s1")
    ahead = await world.log.now() + CLOCK_AHEAD_OF_DATABASE_MAX - timedelta(seconds=1)
    world.clock.now = ahead
    running = asyncio.create_task(world.sequencer.run(stop))

    async def written() -> bool:
        return bool(await _moments(world))

    await until(written, "a leaf")
    stop.set()
    await running
    assert world.sequencer.progress.clock_fits
    assert await _moments(world) == [ahead]


async def test_a_clock_put_right_goes_on(world: World) -> None:
    client, stop = Client(world, world.alpha), asyncio.Event()
    await client.send("s1")
    world.clock.now = await world.log.now() + timedelta(hours=1)
    await _run_until_it_returns(world)
    world.clock.now = await world.log.now()
    assert await world.sequencer.clock_fits()
    running = asyncio.create_task(world.sequencer.run(stop))

    async def written() -> bool:
        return bool(await _moments(world))

    await until(written, "a leaf")
    stop.set()
    await running
    await assert_whole(world.dsn(), client.history)
