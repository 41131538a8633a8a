"""The loop of the sequencer's process: leads, stands by, stands aside, says why."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import asyncpg
import pytest

from deploy.processes import sequence
from deploy.processes.settings import Settings
from events.clock import Clock, system_clock
from migrations.roles import SEQUENCER
from tests.fault.checking import assert_whole
from tests.fault.clients import Client
from tests.fault.waiting import until
from tests.support.world import SetClock, World


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each loop of one test process has a name of its own, as processes have."""
    numbers = count(1)
    monkeypatch.setattr(sequence, "own_name", lambda: f"holder-{next(numbers)}")
    monkeypatch.setattr(sequence, "_ALARM_SECONDS", 0.05)


@asynccontextmanager
async def _leading(world: World, clock: Clock | None = None) -> AsyncIterator[sequence.State]:
    """One process's loop, running; as `run` does, it is begun again when it ends."""
    database = world.dsn(SEQUENCER).replace(SEQUENCER, "{role}", 1)
    settings = Settings(database, Path("/"), "127.0.0.1", 1, clock or system_clock)
    stop, state = asyncio.Event(), sequence.State()

    async def loop() -> None:
        while not stop.is_set():
            await sequence.lead(settings, state, stop)

    task = asyncio.create_task(loop())
    try:
        yield state
    finally:
        stop.set()
        await task


async def _leaves(world: World) -> int:
    tail = await world.leaves.tail()
    return 0 if tail is None else tail.index + 1


async def _until_leaves(world: World, number: int) -> None:
    async def there() -> bool:
        return await _leaves(world) >= number

    await until(there, f"{number} leaves")


async def _until_leading(state: sequence.State) -> None:
    async def leading() -> bool:
        return state.leading

    await until(leading, "leading")


async def test_it_writes_what_comes_and_gives_back_at_the_end(world: World) -> None:
    client = Client(world, world.alpha)
    async with _leading(world) as state:
        await _until_leading(state)
        await client.send("s1")
        await _until_leaves(world, 3)
    assert not state.leading
    async with _leading(world) as other:
        # The lease was given back: nobody waits for it to expire.
        await _until_leading(other)
        await client.send("s2")
        await _until_leaves(world, 4)
    await assert_whole(world.dsn(), client.history)


async def test_one_that_leads_again_has_not_kept_an_old_memory(world: World) -> None:
    """Its first round would be lost, and with it the time of everyone who waits."""
    client = Client(world, world.alpha)
    clock = SetClock(datetime.now(UTC))
    async with _leading(world, clock) as state:
        await _until_leading(state)
        clock.now = datetime.now(UTC) + timedelta(hours=1)

        async def aside() -> bool:
            return not state.leading

        await until(aside, "standing aside")
        await client.send("s1")
        await world.sequence()
        clock.now = datetime.now(UTC)
        await _until_leading(state)
        await client.send("s2")
        await _until_leaves(world, 4)
        assert state.sequencer is not None
        assert state.sequencer.progress.lost == 0
    await assert_whole(world.dsn(), client.history)


async def test_a_leader_whose_clock_runs_ahead_lets_the_standby_write(world: World) -> None:
    """It kept the lease, wrote nothing, and the standby's good clock was of no use."""
    client = Client(world, world.alpha)
    wrong = SetClock(datetime.now(UTC))
    async with _leading(world, wrong) as first:
        await _until_leading(first)
        async with _leading(world) as standby:
            wrong.now = datetime.now(UTC) + timedelta(seconds=90)
            await _until_leading(standby)
            await client.send("s1")
            await _until_leaves(world, 3)
            assert first.sequencer is not None
            assert not first.sequencer.progress.clock_fits
            assert first.sequencer.progress.leaves == 0
    await assert_whole(world.dsn(), client.history)


async def test_a_standby_is_ready_again_once_the_database_is_back(world: World) -> None:
    """The error of the last try stood until it led, so it was never ready as a standby."""
    async with _leading(world) as leader:
        await _until_leading(leader)
        async with _leading(world) as standby:
            standby.last_error = "the database is away"

            async def ready() -> bool:
                return not standby.last_error

            await until(ready, "ready")
            assert not standby.leading


async def test_a_hole_in_the_intake_stops_it_and_says_where(world: World) -> None:
    """After the hole is filled it goes on by itself, and nothing was passed over."""
    client = Client(world, world.alpha)
    for number in range(4):
        await client.send(f"s{number}")
    connection = await asyncpg.connect(world.dsn())
    hidden = await connection.fetch("DELETE FROM log.intake WHERE submission = 's1' RETURNING *")
    async with _leading(world) as state:

        async def alarmed() -> bool:
            return "expected offset" in state.last_error

        await until(alarmed, "an alarm that names the offset")
        assert await _leaves(world) == 2
        await connection.executemany(
            "INSERT INTO log.intake VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            [tuple(row) for row in hidden],
        )
        await _until_leaves(world, 6)
    await connection.close()
    await assert_whole(world.dsn(), client.history)
