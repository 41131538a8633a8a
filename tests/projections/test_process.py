"""The projection's process: its alarm, and what it does when another generation answers."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy.processes import project
from deploy.processes.project import State
from deploy.processes.settings import Settings
from deploy.processes.stopping import keep_trying
from migrations.roles import PROJECTION
from services.projections.generation import active_generation
from services.projections.rebuild import rebuild
from tests.projections.telling import completed
from tests.support.world import World


class Watched(State):
    """Remembers every alarm that the health page could have shown."""

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name == "alarm":
            seen.append(value)


seen: list[str] = []


def _settings(world: World) -> Settings:
    database = world.dsn("ROLE").replace("ROLE", "{role}")
    return Settings(database, Path(), "127.0.0.1", 0, world.clock)


async def _until(holds: Callable[[], bool]) -> None:
    """Wait for a condition; a test that waits for ever has failed."""
    async with asyncio.timeout(20):
        while True:
            if holds():
                return
            await asyncio.sleep(0.01)


async def test_the_alarm_stands_until_the_poisoned_leaf_is_set_aside(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(project, "_ALARM_SECONDS", 0)
    await world.push(world.alpha, [completed(world, seconds=1)])
    await world.append(world.alpha, b"no batch", "poison", 1)
    await world.push(world.alpha, [completed(world, seconds=2)])
    await world.sequence()
    state, stop = Watched(), asyncio.Event()
    seen.clear()

    for _ in range(3):
        await project.lead(_settings(world), state, stop)
    assert "leaf 3 cannot be digested" in state.alarm
    assert "" not in seen[seen.index(state.alarm) :]

    await world.act("submission.quarantined", {"leaf_index": 3, "reason_code": "unread"})
    going = asyncio.create_task(project.lead(_settings(world), state, stop))
    await _until(lambda: state.progress.next_leaf == 6 and not state.alarm)
    stop.set()
    await going
    (row,) = await world.view("work_by_platform")
    assert row["worked_seconds"] == 3


async def test_after_a_rebuild_the_process_folds_the_new_generation(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(project, "_OVERTAKEN_SECONDS", 0)
    state, stop, failures = State(), asyncio.Event(), list[Exception]()
    going = asyncio.create_task(
        keep_trying(stop, lambda: project.lead(_settings(world), state, stop), failures.append)
    )
    await _until(lambda: state.progress.next_leaf == 2)

    done = await rebuild(world.dsn(PROJECTION), world.leaves, world.builder, lambda *_: None)
    await world.push(world.alpha, [completed(world, seconds=5)])
    await world.sequence()
    await _until(lambda: state.progress.next_leaf == 3)
    stop.set()
    await going

    assert await active_generation(world.folding) == done.new
    (row,) = await world.view("work_by_platform", done.new)
    assert row["worked_seconds"] == 5
    # Being overtaken is no failure of the database.
    assert failures == []


async def test_a_standby_tells_neither_lag_nor_alarm(world: World) -> None:
    """Both are the leader's: a standby that was overtaken long ago knows nothing of now."""
    state = State(leading=True, tail=await world.leaves.tail(), alarm="leaf 1 cannot be digested")
    assert state.lag_leaves == 2
    state.stand_by()
    assert (state.lag_leaves, state.lag_seconds(world.clock), state.alarm) == (0, 0.0, "")


async def test_the_lag_is_the_age_of_the_oldest_leaf_that_was_read_and_not_folded(
    world: World,
) -> None:
    state = State(leading=True, tail=await world.leaves.tail(), progress=world.projection.progress)
    world.clock.advance(seconds=9)
    assert state.lag_seconds(world.clock) == 0.0
    state.progress.oldest_unfolded = world.clock()
    world.clock.advance(seconds=5)
    assert state.lag_seconds(world.clock) == 5.0
    await world.fold()
    assert state.lag_leaves == 0
    assert state.lag_seconds(world.clock) == 0.0
