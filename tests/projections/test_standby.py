"""Real processes: one projection folds, another stands by for when it freezes or dies."""

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from tests.fault.checking import assert_whole
from tests.fault.waiting import until
from tests.projections.telling import completed
from tests.support.starting import Process, Start, starting
from tests.support.world import World


@pytest.fixture
def start(world: World, tmp_path: Path) -> Iterator[Start]:
    """Starts projections."""
    with starting(world, tmp_path, "project") as begin:
        yield begin


async def _leader_and_standby(start: Start) -> tuple[Process, Process]:
    leader = start()
    await leader.until("leading", True)
    standby = start()
    await standby.until("ready", True)
    assert (await standby.health())["leading"] is False
    return leader, standby


async def _tell(world: World, *ids: str) -> None:
    """One leaf for each id."""
    for id in ids:
        await world.push(world.alpha, [completed(world, id, seconds=1)])
    await world.sequence()


def _waits_for_a_lock(watching: asyncpg.Connection) -> Callable[[], Awaitable[bool]]:
    """Whether somebody in this database waits for a lock."""
    waiting = """
        SELECT count(*) > 0 FROM pg_locks JOIN pg_database AS d ON d.oid = database
        WHERE NOT granted AND datname = current_database()
    """

    async def so() -> bool:
        return bool(await watching.fetchval(waiting))

    return so


async def _until_folded(world: World, leaves: int) -> None:
    """Return once the views stand behind so many leaves."""

    async def folded() -> bool:
        cursor = f"SELECT next_leaf FROM view_{world.generation}.cursor"
        return bool(await world.folding.fetchval(cursor) == leaves)

    await until(folded, f"{leaves} leaves in the views")


async def test_a_standby_folds_for_a_frozen_leader_which_changes_nothing_when_it_thaws(
    world: World, start: Start
) -> None:
    leader, standby = await _leader_and_standby(start)
    await _tell(world, "e1")
    await _until_folded(world, 3)
    blocker = await asyncpg.connect(world.dsn())
    async with blocker.transaction():
        # Held here, the leader freezes in the middle of a commit.
        await blocker.execute(f"LOCK TABLE view_{world.generation}.submission")
        await _tell(world, "e2", "e3")
        await until(_waits_for_a_lock(blocker), "a fold that waits for the lock")
        leader.freeze()
    await blocker.close()
    await standby.until("leading", True)
    await _until_folded(world, 5)
    leader.thaw()
    await leader.until("leading", False)
    await leader.until("ready", True)
    await _tell(world, "e4")
    await _until_folded(world, 6)
    assert (await standby.health())["leading"] is True
    (row,) = await world.view("work_by_platform")
    assert (row["completed"], row["worked_seconds"]) == (4, 4)
    await assert_whole(world.dsn())


async def test_a_standby_folds_for_a_leader_that_was_killed(world: World, start: Start) -> None:
    leader, standby = await _leader_and_standby(start)
    await _tell(world, "e1")
    await _until_folded(world, 3)
    leader.kill()
    await _tell(world, "e2")
    await standby.until("leading", True)
    await _until_folded(world, 4)
    await assert_whole(world.dsn())


async def test_a_leader_that_is_told_to_stop_gives_the_lease_back(
    world: World, start: Start
) -> None:
    leader, standby = await _leader_and_standby(start)
    leader.child.terminate()
    assert leader.child.wait() == 0
    held = "SELECT holder FROM log.lease WHERE role = 'projection' AND expires_at = '-infinity'"
    await standby.until("leading", True)
    await _tell(world, "e1")
    await _until_folded(world, 3)
    assert await world.folding.fetchval(held) is None
