"""While one batch is committed the next one is read and built, and nothing else changes."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from events.log.protocol import Place
from migrations.roles import PROJECTION
from services.projections import reading
from services.projections.builder import BuilderProcess
from services.projections.building import Built, Counted, Undigested
from services.projections.comparison import first_difference
from services.projections.generation import create_generation
from services.projections.projection import Poison, Projection
from tests.fault.waiting import until
from tests.projections.failing import FailingConnection, Fuse, Killed
from tests.projections.telling import cancelled, completed
from tests.support.world import TIME_ZONE, World


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two leaves a batch, so that a short history has a next one."""
    monkeypatch.setattr(reading, "BATCH_LEAVES", 2)


async def _history(world: World, leaves: int) -> None:
    """So many leaves more, of which every third takes an event before it back."""
    for number in range(leaves):
        event = completed(world, f"e{number}", worker=f"w{number % 4}", seconds=2**number)
        events = [event, cancelled(world, f"e{number - 1}")] if number % 3 == 2 else [event]
        await world.push(world.alpha, events)
        await world.sequence()


@asynccontextmanager
async def _other_views(world: World) -> AsyncIterator[tuple[asyncpg.Connection, int]]:
    """A generation of its own, compared with the world's at the end."""
    connection = await asyncpg.connect(world.dsn(PROJECTION))
    number = await create_generation(connection, active=False)
    yield connection, number
    await world.fold()
    async with connection.transaction(), world.folding.transaction():
        assert await first_difference(world.folding, world.generation, connection, number) is None
    await connection.close()


@asynccontextmanager
async def _commits_held(world: World) -> AsyncIterator[Callable[[], Awaitable[bool]]]:
    """No fold can end inside; what it gives tells whether one waits to."""
    blocker = await asyncpg.connect(world.dsn())
    waiting = """
        SELECT count(*) > 0 FROM pg_locks JOIN pg_database AS d ON d.oid = database
        WHERE NOT granted AND datname = current_database()
    """

    async def one_waits() -> bool:
        return bool(await blocker.fetchval(waiting))

    async with blocker.transaction():
        await blocker.execute(f"LOCK TABLE view_{world.generation}.submission")
        yield one_waits
    await blocker.close()


class Counting:
    """A log that counts how many batches' bodies were read, and how many were held at once."""

    def __init__(self, log: Any) -> None:
        self._log, self.read, self.held = log, 0, 0
        self.projection: Projection | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    def fold(self, connection: asyncpg.Connection, world: World, number: int) -> Projection:
        """A projection of this log."""
        log: Any = self
        self.projection = Projection(connection, log, world.builder, number)
        return self.projection

    async def bodies(self, places: Sequence[Place]) -> list[bytes]:
        """As the log's; one batch more."""
        assert self.projection is not None
        self.read += 1
        self.held = max(self.held, self.read - self.projection.progress.batches)
        found: list[bytes] = await self._log.bodies(places)
        return found

    async def next_is_read(self) -> bool:
        """Whether a second batch was read."""
        return self.read >= 2


async def test_three_batches_are_in_memory_at_most(world: World) -> None:
    await _history(world, 12)
    log = Counting(world.leaves)
    async with _other_views(world) as (connection, number):
        await log.fold(connection, world, number).fold_to(14)
    assert (log.held, log.read) == (3, 7)


async def test_the_next_batch_is_read_while_one_is_committed(world: World) -> None:
    await world.fold()
    await _history(world, 6)
    log = Counting(world.leaves)
    projection = log.fold(world.folding, world, world.generation)
    async with _commits_held(world) as one_waits:
        folding = asyncio.create_task(projection.fold_to(8))
        await until(one_waits, "a fold that waits")
        await until(log.next_is_read, "the next batch is read")
    await folding
    assert log.read == 3


async def test_what_was_set_aside_after_it_was_built_is_not_folded(world: World) -> None:
    await world.fold()
    await _history(world, 4)
    log = Counting(world.leaves)
    projection = log.fold(world.folding, world, world.generation)
    async with _commits_held(world) as one_waits:
        folding = asyncio.create_task(projection.fold_to(6))
        await until(one_waits, "a fold that waits")
        await until(log.next_is_read, "the next batch is read")
        await world.act("submission.quarantined", {"leaf_index": 5, "reason_code": "wrong"})
    await folding
    leaves = [row["leaf_index"] for row in await world.view("submission")]
    assert leaves == [0, 1, 2, 3, 4]


async def test_poison_in_the_next_batch_is_met_in_its_turn(world: World) -> None:
    await world.fold()
    await _history(world, 3)
    await world.append(world.alpha, b"no batch", "poison", 1)
    await world.sequence()
    await _history(world, 3)
    with pytest.raises(Poison, match="leaf 5 cannot be digested"):
        await world.projection.fold_to(9)
    assert world.projection.progress.next_leaf == 5
    assert [row["leaf_index"] for row in await world.view("submission")] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("step", ["BEGIN", "UPDATE cursor", "before COMMIT", "after COMMIT"])
async def test_a_projection_that_fails_meanwhile_goes_on_where_it_stands(
    world: World, step: str
) -> None:
    await _history(world, 8)
    async with _other_views(world) as (connection, number):
        fuse = _FuseAt(10**6, at=step)
        failing: Any = FailingConnection(connection, fuse)
        projection = Projection(failing, world.leaves, world.builder, number)
        for _ in range(4):
            fuse.lit = True
            with pytest.raises(Killed):
                await projection.fold_to(10)
        await projection.fold_to(10)


class _FuseAt(Fuse):
    """Fails at one kind of step, once each time that it is lit."""

    def __init__(self, left: int, *, at: str) -> None:
        super().__init__(left)
        self._at, self.lit = at, False

    def burn(self, step: str) -> None:
        """One step more."""
        if self.lit and self._at in step:
            self.lit = False
            raise Killed(step)


@pytest.mark.parametrize("most", [1, 500])
async def test_batches_are_cut_by_the_size_of_their_bodies(
    world: World, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(reading, "BATCH_LEAVES", 100)
    monkeypatch.setattr(reading, "BATCH_BYTES", most)
    await _history(world, 5)
    async with _other_views(world) as (connection, number):
        projection = Projection(connection, world.leaves, world.builder, number)
        await projection.fold_to(7)
        sizes = [await _body_bytes(world, index) for index in range(7)]
        assert projection.progress.batches == _batches(sizes, most)


def _batches(sizes: Sequence[int], most: int) -> int:
    batches, held = 0, most
    for size in sizes:
        held += size
        if held > most:
            batches, held = batches + 1, size
    return batches


async def _body_bytes(world: World, index: int) -> int:
    (record,) = await world.leaves.leaves(index, 1)
    (body,) = await world.leaves.bodies([record.place])
    return len(body)


class Dying(BuilderProcess):
    """Is killed once over every batch."""

    killed = 0

    async def lives(self) -> bool:
        """Whether there is one."""
        return self.pid is not None

    async def build(self, leaves: Sequence[Counted]) -> Built | Undigested:
        """As any other, at the second try."""
        building = asyncio.create_task(super().build(leaves))
        await until(self.lives, "a process to kill")
        assert self.pid is not None
        os.kill(self.pid, signal.SIGKILL)
        self.killed += 1
        return await building


async def test_a_builder_that_is_killed_over_every_batch_loses_and_doubles_nothing(
    world: World,
) -> None:
    await _history(world, 6)
    async with _other_views(world) as (connection, number), Dying(TIME_ZONE) as builder:
        await Projection(connection, world.leaves, builder, number).fold_to(8)
    assert builder.killed == 4
