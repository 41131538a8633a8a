"""Killed anywhere, told twice, run twice: every leaf is in the views exactly once."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import asyncpg
import pytest

from migrations.roles import PROJECTION
from services.projections import catalogue
from services.projections.comparison import first_difference
from services.projections.generation import create_generation, drop_generation
from services.projections.projection import Overtaken, Projection
from tests.projections.failing import FailingConnection, Fuse, Killed
from tests.projections.telling import cancelled, completed, replaced, views, work
from tests.support.world import World


async def _push_all_sorts(world: World) -> None:
    """A submission for whose commit every statement of a fold is needed."""
    event = world.alpha.event
    await world.push(
        world.alpha,
        [
            event("contract.published", {"contract": "c1"}),
            completed(world, "e1", seconds=60),
            completed(world, "e1", seconds=60),
            completed(world, "e1", seconds=61),
            event("payment.made", {"worker": "w2", "gross": "1", "currency": "MAD"}),
            event("rejection.issued", work(pay_refused=True, seconds=5)),
            replaced(world, "e1", "task.completed", work(worker="w3", seconds=70)),
            cancelled(world, "unknown"),
        ],
    )
    await world.push(
        world.authority,
        [
            world.authority.event(
                "rate.published",
                {"base": "USD", "quote": "MAD", "day": "2026-03-04", "rate": "9.5"},
                id=name,
            )
            for name in ("r1", "r2")
        ],
    )
    await world.sequence()


async def test_a_projection_killed_at_any_step_folds_everything_once(world: World) -> None:
    """It goes on in the same process after an odd step, in a new one after an even step."""
    await _push_all_sorts(world)
    await world.fold()
    steps: list[str] = []
    while not steps or steps[-1]:
        async with _generation(world) as (connection, number):
            fuse = Fuse(left=len(steps) + 1)
            failing = FailingConnection(connection, fuse)
            projection = Projection(failing, world.leaves, world.builder, number)
            with contextlib.suppress(Killed):
                await _fold_all(projection)
            steps.append(fuse.blown)
            fuse.left = 0
            if len(steps) % 2 == 0:
                projection = Projection(connection, world.leaves, world.builder, number)
            await _fold_all(projection)
            assert await _difference(world, connection, number) is None, steps
    assert {"before COMMIT", "after COMMIT"} <= set(steps)
    assert len(steps) > 30


async def _fold_all(projection: Projection) -> None:
    while await projection.fold_batch():
        pass


@contextlib.asynccontextmanager
async def _generation(world: World) -> AsyncIterator[tuple[asyncpg.Connection, int]]:
    """An empty generation beside the world's own, and a connection to fold it."""
    connection = await asyncpg.connect(world.dsn(PROJECTION))
    try:
        number = await create_generation(connection, active=False)
        yield connection, number
        await drop_generation(connection, number)
    finally:
        await connection.close()


async def _difference(world: World, connection: asyncpg.Connection, number: int) -> object:
    async with connection.transaction(), world.folding.transaction():
        return await first_difference(world.folding, world.generation, connection, number)


async def test_the_second_of_two_projections_waits_and_finds_itself_overtaken(
    world: World,
) -> None:
    await world.fold()
    await _push_all_sorts(world)
    connection = await asyncpg.connect(world.dsn(PROJECTION))
    try:
        second = Projection(connection, world.leaves, world.builder, world.generation)
        await second.prepare()
        outcomes = await asyncio.gather(
            world.projection.fold_batch(), second.fold_batch(), return_exceptions=True
        )
    finally:
        await connection.close()

    folded = [outcome for outcome in outcomes if isinstance(outcome, int)]
    (lost,) = [outcome for outcome in outcomes if not isinstance(outcome, int)]
    assert folded == [2]
    assert isinstance(lost, Overtaken)
    (count,) = [r["n"] for r in await world.view("event_count") if r["type"] == "payment.made.v1"]
    assert count == 1


async def test_an_overtaken_projection_goes_on_where_the_other_stands(world: World) -> None:
    await world.fold()
    other = world.new_projection()
    await other.prepare()
    await world.tell(completed(world, "e1", seconds=60))

    with pytest.raises(Overtaken):
        await other.fold_batch()

    await world.push(world.alpha, [completed(world, "e2", seconds=1)])
    await world.sequence()
    assert await other.fold_batch() == 1
    (row,) = await world.view("work_by_worker")
    assert row["worked_seconds"] == 61


async def test_codes_made_in_a_lost_transaction_are_not_believed(world: World) -> None:
    await world.fold()
    await world.push(world.alpha, [completed(world, worker="new")])
    await world.sequence()
    fuse = Fuse(left=0)
    failing = FailingConnection(world.folding, fuse)
    projection = Projection(failing, world.leaves, world.builder, world.generation)
    await projection.prepare()
    fuse.left = 8

    with pytest.raises(Killed, match="worker first"):
        await projection.fold_batch()
    # The code that the lost transaction gave to `new` goes to another worker.
    await world.push(world.alpha, [completed(world, worker="newer")])
    await world.sequence()
    while await projection.fold_batch():
        pass

    rows = await world.view("work_by_worker")
    assert [(row["worker"], row["completed"]) for row in rows] == [("new", 1), ("newer", 1)]


async def test_a_session_ended_by_the_server_leaves_the_views_whole(world: World) -> None:
    await world.fold()
    before = await views(world, *catalogue.VIEWS)
    await _push_all_sorts(world)
    blocker, admin = (
        await asyncpg.connect(world.dsn(PROJECTION)),
        await asyncpg.connect(world.dsn()),
    )
    try:
        async with blocker.transaction():
            # Held here, the projection stands in the middle of its commit.
            await blocker.execute(f"LOCK TABLE view_{world.generation}.pay_by_worker")
            folding = asyncio.create_task(world.projection.fold_batch())
            ended = False
            while not ended:
                ended = await admin.fetchval(
                    "SELECT bool_or(pg_terminate_backend(pid)) FROM pg_stat_activity"
                    " WHERE pid = $1 AND wait_event_type = 'Lock'",
                    world.folding.get_server_pid(),
                )
                await asyncio.sleep(0)
            with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
                await folding
    finally:
        await blocker.close()
        await admin.close()
    assert await views(world, *catalogue.VIEWS) == before

    world.folding = await asyncpg.connect(world.dsn(PROJECTION))
    world.projection = world.new_projection()
    await world.fold()

    (submission,) = [r for r in await world.view("submission") if r["emitter"] == "alpha"]
    assert (submission["events"], submission["repeated"]) == (8, 2)
