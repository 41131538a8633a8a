"""Rebuild while everything goes on; killed, tampered with, under other days (RULES 5.2, 5.4)."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import pytest

from events.days import Days
from events.errors import Fatal
from migrations.roles import PROJECTION
from services.projections import catalogue, comparison, reading, rebuild
from services.projections.building import BuilderHere
from services.projections.generation import (
    active_generation,
    create_generation,
    drop_generation,
    switch_to,
)
from services.projections.projection import Overtaken, Projection
from services.projections.rebuild import NotEqual, Rebuilt
from tests.projections.failing import FailingConnection, Fuse, Killed
from tests.projections.telling import cancelled, completed, replaced, views, work
from tests.support.world import World


def _nothing(folded: int, leaves: int) -> None:
    """Nobody watches."""


async def _rebuild(world: World, progress: Callable[[int, int], None] = _nothing) -> Rebuilt:
    return await rebuild.rebuild(world.dsn(PROJECTION), world.leaves, world.builder, progress)


async def _some_history(world: World) -> None:
    event = world.alpha.event
    await world.tell(completed(world, "e1", seconds=60), completed(world, "e2", worker="w2"))
    await world.tell(
        event("payment.made", {"worker": "w1", "gross": "3.5", "currency": "MAD"}),
        event("contract.published", {"contract": "c1"}),
        completed(world, "e1", seconds=61),
    )
    world.clock.advance(days=1)
    await world.tell(
        replaced(world, "e1", "task.completed", work(worker="w3", seconds=30)),
        cancelled(world, "e2"),
    )


async def _everything(world: World, generation: int) -> dict[str, Any]:
    return await views(world, *catalogue.VIEWS, generation=generation)


async def _generations(world: World) -> tuple[int | None, list[str]]:
    """Which one answers, and the schemas there are."""
    rows = await world.folding.fetch(
        "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'view\\_%' ORDER BY 1"
    )
    return await active_generation(world.folding), [row["nspname"] for row in rows]


@contextlib.asynccontextmanager
async def _folding(world: World, generation: int) -> AsyncIterator[Projection]:
    connection = await asyncpg.connect(world.dsn(PROJECTION))
    try:
        yield Projection(connection, world.leaves, world.builder, generation)
    finally:
        await connection.close()


async def test_a_rebuild_gives_equal_rows_and_answers_from_then_on(world: World) -> None:
    await _some_history(world)
    before = await _everything(world, world.generation)
    heard: list[tuple[int, int]] = []

    done = await _rebuild(world, lambda folded, leaves: heard.append((folded, leaves)))

    assert await _everything(world, done.new) == before
    assert (done.compared_at, done.switched_at, done.expected_difference) == (5, 5, None)
    assert heard[-1] == (5, 5)
    assert await _generations(world) == (done.new, [f"view_{done.new}"])


async def test_the_old_generation_is_folded_on_while_another_is_built(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _some_history(world)
    monkeypatch.setattr(reading, "BATCH_LEAVES", 2)
    going: list[asyncio.Task[str]] = []

    def while_it_folds(folded: int, leaves: int) -> None:
        if not going:
            going.append(asyncio.create_task(world.tell(completed(world, seconds=1))))

    original = rebuild._catch_up_and_switch

    async def after_more(*given: Any) -> int:
        await going[0]
        await world.tell(completed(world, seconds=2))
        return await original(*given)

    monkeypatch.setattr(rebuild, "_catch_up_and_switch", after_more)

    done = await _rebuild(world, while_it_folds)

    assert (done.compared_at, done.switched_at) == (5, 7)
    rows = await world.view("work_by_platform", done.new)
    assert sum(row["worked_seconds"] for row in rows) == 30 + 3


async def test_the_old_projection_is_overtaken_and_the_new_generation_goes_on(
    world: World,
) -> None:
    await _some_history(world)
    done = await _rebuild(world)
    await world.push(world.alpha, [completed(world, seconds=9)])
    await world.sequence()

    with pytest.raises(Overtaken, match="is gone"):
        await world.projection.fold_batch()

    async with _folding(world, done.new) as projection:
        assert await projection.fold_batch() == 1


async def test_a_projection_that_lost_its_cursor_does_not_wait_for_ever(world: World) -> None:
    await world.fold()
    await world.folding.execute(f"DELETE FROM view_{world.generation}.cursor")

    with pytest.raises(Overtaken, match="another generation answers"):
        await world.new_projection().fold_batch()


async def test_a_projection_in_the_middle_of_a_batch_loses_to_the_switch(world: World) -> None:
    """The old cursor is locked by the switch: the waiting projection adds nothing."""
    await _some_history(world)
    await world.push(world.alpha, [completed(world, seconds=9)])
    await world.sequence()
    number = await create_generation(world.folding, active=False)
    switching = await asyncpg.connect(world.dsn(PROJECTION))
    try:
        async with switching.transaction():
            cursor = f"view_{world.generation}.cursor"
            await switching.execute(f"SELECT next_leaf FROM {cursor} FOR UPDATE")
            waiting = asyncio.create_task(world.projection.fold_batch())
            waits = False
            while not waits:
                waits = await switching.fetchval(
                    "SELECT $1 = ANY (SELECT unnest(pg_blocking_pids(pid)) FROM pg_stat_activity)",
                    switching.get_server_pid(),
                )
                await asyncio.sleep(0)
            await switch_to(switching, number)
            await switching.execute(f"DELETE FROM {cursor}")
        with pytest.raises(Overtaken):
            await waiting
    finally:
        await switching.close()
    rows = await world.view("work_by_platform")
    assert sum(row["worked_seconds"] for row in rows) == 30


@pytest.mark.parametrize("dead", [False, True], ids=["an error", "the process dies"])
async def test_a_rebuild_that_fails_at_any_step_leaves_one_whole_generation(
    world: World, monkeypatch: pytest.MonkeyPatch, dead: bool
) -> None:
    await _some_history(world)
    before = await _everything(world, world.generation)
    connect, drop_idle = asyncpg.connect, rebuild._drop_idle
    answering, fuse, steps = world.generation, Fuse(left=0), set[str]()

    async def failing(dsn: str, **options: Any) -> Any:
        return FailingConnection(await connect(dsn, **options), fuse)

    async def dropping(holder: Any) -> None:
        if not (dead and fuse.blown):
            await drop_idle(holder)

    step = 0
    while step == 0 or fuse.blown:
        step += 1 if step < 12 else 7
        fuse = Fuse(left=step)
        monkeypatch.setattr(rebuild.asyncpg, "connect", failing)
        monkeypatch.setattr(rebuild, "_drop_idle", dropping)
        with contextlib.suppress(Killed):
            await _rebuild(world)
        monkeypatch.undo()
        steps.add(fuse.blown)
        now, schemas = await _generations(world)
        assert now is not None
        if now == answering:
            assert await world.folding.fetchval(f"SELECT next_leaf FROM view_{now}.cursor") == 5
        answering = now
        assert f"view_{now}" in schemas

    assert await _everything(world, answering) == before
    assert len(steps) > 15
    assert (await _generations(world))[1] == [f"view_{answering}"]


async def test_an_error_after_the_switch_does_not_drop_what_answers(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _some_history(world)
    original = rebuild._catch_up_and_switch

    async def cut_off(*given: Any) -> int:
        await original(*given)
        raise Killed("the answer to COMMIT was lost")

    monkeypatch.setattr(rebuild, "_catch_up_and_switch", cut_off)
    with pytest.raises(Killed):
        await _rebuild(world)

    answering, schemas = await _generations(world)
    assert answering == world.generation + 1
    assert schemas == [f"view_{answering}"]


async def test_a_generation_that_answers_cannot_be_dropped(world: World) -> None:
    await _some_history(world)

    await drop_generation(world.folding, world.generation)

    assert await _generations(world) == (world.generation, [f"view_{world.generation}"])


async def test_what_a_killed_rebuild_left_is_dropped_by_the_next(world: World) -> None:
    await _some_history(world)
    left = await create_generation(world.folding, active=False)
    async with _folding(world, left) as projection:
        await projection.fold_to(2)

    done = await _rebuild(world)

    assert await _generations(world) == (done.new, [f"view_{done.new}"])


async def test_a_second_rebuild_at_once_is_refused(world: World) -> None:
    await _some_history(world)
    refused: list[asyncio.Task[Rebuilt]] = []

    def start_another(folded: int, leaves: int) -> None:
        refused.append(asyncio.create_task(_rebuild(world)))

    original = rebuild._compare

    async def after_the_other(*given: Any) -> str | None:
        with pytest.raises(Fatal, match="another rebuild is running"):
            await refused[0]
        return await original(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rebuild, "_compare", after_the_other)
        done = await _rebuild(world, start_another)

    assert len(refused) == 1
    assert await _generations(world) == (done.new, [f"view_{done.new}"])


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE work_by_worker SET completed = completed + 1", "work_by_worker has"),
        ("DELETE FROM fact WHERE event_id = 'e2'", "fact has"),
        ("UPDATE submission SET repeated = 0", "submission has"),
        ("INSERT INTO worker (emitter_code, worker, first_recorded_day)"
         " VALUES (1, 'invented', '2026-03-04')", "worker has"),
    ],
)  # fmt: skip
async def test_a_tampered_row_is_named_and_nothing_is_switched(
    world: World, statement: str, named: str
) -> None:
    await _some_history(world)
    await world.folding.execute(f"SET search_path TO view_{world.generation}")
    await world.folding.execute(statement)

    with pytest.raises(NotEqual, match=f"at leaf 5: {named}"):
        await _rebuild(world)

    assert await _generations(world) == (world.generation, [f"view_{world.generation}"])


async def test_a_quarantined_leaf_that_was_folded_is_an_expected_difference(world: World) -> None:
    await _some_history(world)
    await world.act("submission.quarantined", {"leaf_index": 2, "reason_code": "wrong"})

    done = await _rebuild(world)

    assert done.expected_difference == "leaf 2 is quarantined and was folded before"
    async with _folding(world, done.new) as projection:
        await projection.fold_to(6)
    leaves = [row["leaf_index"] for row in await world.view("submission", done.new)]
    # Leaf 3 used the id `e1` again, which is now its first use; `e2` never was.
    assert leaves == [0, 1, 3, 4, 5]
    assert [r["rule"] for r in await world.view("anomaly", done.new) if r["leaf_index"] == 4] == [
        "correction-unknown-event"
    ]


# --- another tzdata -----------------------------------------------------------------------


async def _recount(world: World) -> None:
    """Let the standing generation be one of an older tzdata, in which Casablanca was at UTC."""
    async with world.folding.transaction():
        await world.folding.execute("UPDATE projection.generation SET active = false WHERE active")
    connection = await asyncpg.connect(world.dsn(PROJECTION))
    try:
        number = await create_generation(connection, active=True)
        await connection.execute("UPDATE projection.generation SET tzdata = '1999.1' WHERE active")
        projection = Projection(connection, world.leaves, BuilderHere(Days("Etc/UTC")), number)
        while await projection.fold_batch():
            pass
    finally:
        await connection.close()


async def test_under_another_tzdata_the_days_that_moved_are_listed(world: World) -> None:
    late = "2026-01-31T23:30:00+00:00"
    world.clock.advance(days=37, hours=11, minutes=40)
    await world.tell(
        completed(world, "e1", seconds=60, submitted=late),
        completed(world, "e2", seconds=60, submitted=late),
        completed(world, "e3", seconds=60, submitted="2026-01-31T12:00:00+00:00"),
    )
    await _recount(world)

    done = await _rebuild(world)

    assert done.expected_difference is not None
    assert "tzdata 1999.1, now by" in done.expected_difference
    assert done.expected_difference.endswith(
        "5 facts moved: alpha day 2026-01-31 to 2026-02-01 (2 facts), "
        "alpha recorded_day 2026-04-10 to 2026-04-11 (3 facts)"
    )


async def test_the_list_of_moved_days_is_bounded(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.tell(
        *(completed(world, submitted=f"2026-01-{day:02}T23:30:00Z") for day in range(1, 10))
    )
    await _recount(world)
    monkeypatch.setattr(comparison, "MOVES_LISTED_MAX", 2)

    done = await _rebuild(world)

    assert done.expected_difference is not None
    assert done.expected_difference.endswith(
        "9 facts moved: alpha day 2026-01-01 to 2026-01-02 (1 facts), "
        "alpha day 2026-01-02 to 2026-01-03 (1 facts), and 7 more"
    )


async def test_under_another_tzdata_a_tampered_row_is_still_found(world: World) -> None:
    await _some_history(world)
    await _recount(world)
    answering = await active_generation(world.folding)
    await world.folding.execute(f"UPDATE view_{answering}.fact SET seconds = seconds + 1")

    with pytest.raises(NotEqual, match="fact has"):
        await _rebuild(world)


async def test_another_tzdata_without_a_moved_day_says_so(world: World) -> None:
    await _some_history(world)
    await world.folding.execute("UPDATE projection.generation SET tzdata = '1999.1'")

    done = await _rebuild(world)

    assert done.expected_difference is not None
    assert done.expected_difference.endswith(": 0 facts moved")


# --- another version ------------------------------------------------------------------------


async def test_views_that_another_version_made_are_not_folded_on_but_made_anew(
    world: World,
) -> None:
    await _some_history(world)
    expected = await _everything(world, world.generation)
    await world.folding.execute("UPDATE projection.generation SET shape = 'older'")
    await world.folding.execute(f"ALTER TABLE view_{world.generation}.fact DROP COLUMN digest")
    with pytest.raises(Fatal, match="run `sijill rebuild`"):
        await world.new_projection().fold_batch()

    done = await _rebuild(world)

    assert done.expected_difference == (
        f"another version of Sijill made the views of generation {done.old}: not compared"
    )
    assert await _everything(world, done.new) == expected
    async with _folding(world, done.new) as projection:
        assert await projection.fold_batch() == 0
