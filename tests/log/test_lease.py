"""Who should write: one at a time, soon another if the first falls silent (RULES 2.9)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import asyncpg
import pytest

from deploy.processes.leading import own_name
from events.log.lease import Lease, open_lease
from events.log.postgres import LEAF_CHANNEL, Hints, PostgresSequencerLog, connect_pool
from migrations.roles import SEQUENCER
from services.sequencer.sequencer import Sequencer
from tests.fault.checking import assert_whole
from tests.fault.clients import Client
from tests.fault.faults import SteppedPool
from tests.fault.waiting import until
from tests.support.world import World

MakeLease = Callable[[str], Awaitable[Lease]]


@pytest.fixture
async def lease_of(world: World) -> AsyncIterator[MakeLease]:
    """A holder of its own session, named as a process names it."""
    async with AsyncExitStack() as stack:

        async def make(holder: str) -> Lease:
            lease = await open_lease(world.dsn(SEQUENCER), "sequencer", holder)
            stack.push_async_callback(lease.connection.close)
            return lease

        yield make


async def _expire(world: World) -> None:
    """Let the lease's time pass."""
    connection = await asyncpg.connect(world.dsn())
    await connection.execute("UPDATE log.lease SET expires_at = clock_timestamp()")
    await connection.close()


async def _ended(world: World, holder: str) -> None:
    """Return once no session bears the holder's name."""
    connection = await asyncpg.connect(world.dsn())

    async def gone() -> bool:
        statement = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1"
        return bool(await connection.fetchval(statement, holder) == 0)

    await until(gone, f"the end of the sessions of {holder}")
    await connection.close()


async def _lives(one: Lease) -> bool:
    return bool(await one.connection.fetchval("SELECT 1") == 1)


async def test_one_holds_it_and_may_renew(lease_of: MakeLease) -> None:
    one, other = await lease_of("one"), await lease_of("other")
    assert await one.take()
    assert not await other.take()
    assert await one.take()
    assert not await other.take()
    assert await _lives(one)


async def test_one_that_expired_is_taken_and_cannot_be_renewed(
    world: World, lease_of: MakeLease
) -> None:
    one, other = await lease_of("one"), await lease_of("other")
    assert await one.take()
    await _expire(world)
    assert await other.take()
    await _ended(world, "one")
    back = await lease_of("one")
    assert not await back.take()


async def test_one_whose_session_is_gone_is_taken_at_once(
    world: World, lease_of: MakeLease
) -> None:
    one, other = await lease_of("one"), await lease_of("other")
    assert await one.take()
    await one.connection.close()
    await _ended(world, "one")
    assert await other.take()


async def test_its_holder_may_renew_it_late(world: World, lease_of: MakeLease) -> None:
    one, other = await lease_of("one"), await lease_of("other")
    assert await one.take()
    await _expire(world)
    assert await one.take()
    assert not await other.take()


async def test_of_many_takers_one_gets_it(world: World, lease_of: MakeLease) -> None:
    assert await (await lease_of("old")).take()
    await _expire(world)
    takers = [await lease_of(f"taker-{number}") for number in range(5)]
    taken = await asyncio.gather(*(taker.take() for taker in takers))
    assert sum(taken) == 1
    assert all([await _lives(taker) for taker in takers])


async def test_one_given_back_is_free_at_once_and_ends_nobody(lease_of: MakeLease) -> None:
    one, other = await lease_of("one"), await lease_of("other")
    assert await one.take()
    await one.give_back()
    assert await other.take()
    assert await _lives(one)


async def test_nobody_gives_back_what_another_holds(lease_of: MakeLease) -> None:
    one, other, third = [await lease_of(name) for name in ("one", "other", "third")]
    assert await one.take()
    await other.give_back()
    assert not await third.take()


async def test_roles_are_leased_apart(lease_of: MakeLease) -> None:
    one, other = await lease_of("one"), await lease_of("other")
    other.role = "another"
    assert await one.take()
    assert await other.take()


async def test_a_long_host_name_still_finds_its_sessions(
    world: World, lease_of: MakeLease, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL cuts an application_name at 63 bytes; the taker asks for the whole name."""
    monkeypatch.setattr("socket.gethostname", lambda: "h" * 64)
    one, other = await lease_of(own_name()), await lease_of("other")
    assert await one.take()
    await _expire(world)
    assert await other.take()
    await _ended(world, one.connection.get_settings().application_name)


async def test_the_taker_does_not_wait_for_a_frozen_transaction(
    world: World, lease_of: MakeLease
) -> None:
    """It did, for 30 s: only the heartbeat was ended, and the leaf's lock was another session's."""
    client = Client(world, world.alpha)
    await client.send("s1")
    old = await lease_of("frozen")
    assert await old.take()
    frozen_pool = await connect_pool(world.dsn(SEQUENCER), name="frozen")
    reached, thaw = asyncio.Event(), asyncio.Event()

    async def freeze(name: str, side: str) -> None:
        if (name, side) == ("COMMIT", "before"):
            reached.set()
            await thaw.wait()

    pool: Any = SteppedPool(frozen_pool, freeze)
    hints = Hints(world.dsn(SEQUENCER), LEAF_CHANNEL)
    log = PostgresSequencerLog(pool, hints, hints)
    frozen = Sequencer(log, world.clock)
    round_ = asyncio.create_task(frozen.commit_round())
    await reached.wait()
    await _expire(world)
    assert await (await lease_of("standby")).take()
    standby = world.new_sequencer()
    assert await standby.commit_round() == 1
    thaw.set()
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await round_
    await frozen_pool.close()
    await assert_whole(world.dsn(), client.history)
