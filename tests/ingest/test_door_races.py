"""Several doors, lost answers and broken connections: one leaf for each body that was promised."""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Sequence

import asyncpg
import pytest

from events.jose import PrivateKey
from events.leaf import utc_text
from events.limits import INTAKE_PARTITIONS
from events.log.connections import log_sql
from events.log.index import columns
from events.log.postgres import INTAKE_CHANNEL, PostgresIntake, partition_of
from events.log.protocol import Arrival, Sent, Stood
from events.log.rows import arrival_row
from migrations.roles import INGEST
from services.ingest.app import create_app
from services.ingest.door import LOG_ERRORS, Door
from tests.ingest.speaking import (
    SUBMIT,
    VALIDATE,
    Caller,
    FaultyIntake,
    outcomes,
    problem,
    sequencing,
    small,
    until,
)
from tests.support.world import Platform, World


def _second_door(world: World) -> Caller:
    """A door process of its own: keys, groups and waiters apart, the log in common."""
    intake = PostgresIntake(world._pools[0], world._hints[0])
    return Caller(world, create_app(Door(intake, world.registry_keys, world.clock)))


async def test_two_bodies_under_one_id_raced_through_two_doors(caller: Caller) -> None:
    world, other = caller.world, _second_door(caller.world)
    one, two = small(world), small(world)
    raced = await asyncio.gather(caller.send(one, "race"), other.send(two, "race"))
    assert [answer.status_code for answer in raced] == [202, 202]
    await world.sequence()
    receipts = [(await door.send(body, "race")) for door in (caller, other) for body in (one, two)]
    assert {answer.status_code for answer in receipts} == {200}
    by_body = {answer.json()["body_sha256"]: answer.content for answer in receipts}
    assert set(by_body) == {hashlib.sha256(body).hexdigest() for body in (one, two)}
    assert all(by_body[answer.json()["body_sha256"]] == answer.content for answer in receipts)
    assert sorted(await outcomes(world, "race")) == [
        ("alpha", "race", "conflict"),
        ("alpha", "race", "counted"),
    ]
    problem(await caller.send(small(world), "race"), 409, "conflict")


async def test_one_body_raced_through_two_doors_has_one_leaf_and_one_receipt(
    caller: Caller,
) -> None:
    world, other = caller.world, _second_door(caller.world)
    body = small(world)
    async with sequencing(world):
        doors = [caller, other] * 5
        answers = await asyncio.gather(*(door.send(body, "same", wait=20) for door in doors))
    assert {answer.status_code for answer in answers} <= {200, 201}
    assert len({answer.content for answer in answers}) == 1
    assert await outcomes(world, "same") == [("alpha", "same", "counted")]


@pytest.mark.parametrize("error", [TimeoutError(), OSError("reset"), asyncpg.InterfaceError("x")])
async def test_a_503_whose_submission_landed_after_all(world: World, error: Exception) -> None:
    intake = FaultyIntake(world.intake)
    caller = Caller(world, create_app(Door(intake, world.registry_keys, world.clock)))
    name, body = f"landed-{type(error).__name__}", small(world)
    intake.after_append = error
    answer = await caller.send(body, name, wait=5)
    problem(answer, 503, "unavailable")
    assert int(answer.headers["retry-after"]) > 0
    intake.after_append = None
    # Sent again before its leaf stands: appended twice. The sequencer makes one leaf of it.
    assert (await caller.send(body, name)).status_code == 202
    await world.sequence()
    assert (await caller.send(body, name)).json()["outcome"] == "counted"
    assert await outcomes(world, name) == [("alpha", name, "counted")]


async def test_two_transactions_that_commit_in_reverse_order_lose_nothing(world: World) -> None:
    """The later one of the same partition waits for the earlier; other partitions go ahead."""
    home = partition_of("alpha", world.log.partitions)
    names = (f"p{n}" for n in range(1000))
    name = next(name for name in names if partition_of(name, INTAKE_PARTITIONS) != home)
    elsewhere = Platform(name, PrivateKey.generate())
    await world.register(elsewhere)
    held = await asyncpg.connect(world.dsn(INGEST))
    transaction = held.transaction()
    await transaction.start()
    await _append_by_hand(held, _arrival(world, world.alpha, "first"))
    later = asyncio.create_task(world.intake.append(_arrival(world, world.alpha, "later")))
    other = PostgresIntake(world._pools[0], world._hints[0])
    await other.append(_arrival(world, elsewhere, "aside"))
    await world.sequence()
    assert await outcomes(world, "first", "later", "aside") == [
        (elsewhere.emitter, "aside", "counted")
    ]
    assert not later.done()
    await transaction.commit()
    await later
    await world.sequence()
    assert [
        submission for _, submission, _ in await outcomes(world, "first", "later", "aside")
    ] == ["aside", "first", "later"]
    await held.close()


def _arrival(world: World, platform: Platform, submission: str) -> Arrival:
    body = small(world, platform)
    return Arrival(
        platform.emitter,
        submission,
        hashlib.sha256(body).digest(),
        platform.sign(body, submission),
        1,
        utc_text(world.clock()),
        body,
    )


async def _append_by_hand(connection: asyncpg.Connection, a: Arrival) -> None:
    """What the intake does, in a transaction that the test holds open."""
    home = partition_of(a.emitter, INTAKE_PARTITIONS)
    row = arrival_row(home, a, anyway=True)
    await connection.fetch(log_sql("append"), *columns(9, [row]), INTAKE_CHANNEL)


class Lock:
    """Holds the counter of alpha's partition, so that a group which writes there waits for us."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self._transaction = connection.transaction()

    async def take(self) -> None:
        """Take the row's lock."""
        await self._transaction.start()
        home = partition_of("alpha", INTAKE_PARTITIONS)
        query = "SELECT FROM log.intake_counter WHERE partition = $1 FOR UPDATE"
        await self._connection.execute(query, home)

    async def blocked(self) -> int:
        """The backend that waits for it, once one does."""
        query = "SELECT pid FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid))"
        own = self._connection.get_server_pid()
        async with asyncio.timeout(30):
            # Each look is a round trip to the server, so this yields.
            while (pid := await self._connection.fetchval(query, own)) is None:
                pass
        found: int = pid
        return found

    async def end(self, backend: int) -> None:
        """End the transaction of a backend from outside, as a failing server does."""
        await self._connection.execute("SELECT pg_terminate_backend($1)", backend)

    async def release(self) -> None:
        """Let the next in."""
        await self._transaction.rollback()


@pytest.fixture
async def lock(world: World) -> AsyncIterator[Lock]:
    """A lock on alpha's partition, held."""
    connection = await asyncpg.connect(world.dsn())
    made = Lock(connection)
    await made.take()
    yield made
    await connection.close()


async def test_a_failed_group_fails_exactly_those_in_it(world: World, lock: Lock) -> None:
    async def append(submission: str) -> bool:
        try:
            await world.intake.append(_arrival(world, world.alpha, submission))
        except LOG_ERRORS:
            return False
        return True

    failing = [asyncio.create_task(append(f"in{n}")) for n in range(3)]
    backend = await lock.blocked()
    behind = [asyncio.create_task(append(f"behind{n}")) for n in range(3)]
    await lock.end(backend)
    assert await asyncio.gather(*failing) == [False] * 3
    await lock.release()
    assert await asyncio.gather(*behind) == [True] * 3
    await world.sequence()
    assert [
        s
        for _, s, _ in await outcomes(
            world, *(f"{name}{n}" for name in ("in", "behind") for n in range(3))
        )
    ] == ["behind0", "behind1", "behind2"]


async def test_a_client_that_leaves_while_its_group_commits_loses_and_doubles_nothing(
    caller: Caller, lock: Lock
) -> None:
    world = caller.world
    bodies = {name: small(world) for name in ("leaves0", "leaves1", "stays0", "stays1")}
    sent = {name: asyncio.create_task(caller.send(b, name)) for name, b in bodies.items()}
    await lock.blocked()
    for name, task in sent.items():
        if name.startswith("leaves"):
            task.cancel()
    answers = await asyncio.gather(*list(sent.values())[:2], return_exceptions=True)
    assert all(isinstance(answer, asyncio.CancelledError) for answer in answers)
    await lock.release()
    assert [(await sent[name]).status_code for name in ("stays0", "stays1")] == [202, 202]
    for name, body in bodies.items():
        assert (await caller.send(body, name)).status_code == 202
    await world.sequence()
    assert sorted(s for _, s, _ in await outcomes(world, *bodies)) == sorted(bodies)


async def test_an_append_that_takes_too_long_is_unknown_and_its_bytes_land_once(
    caller: Caller, lock: Lock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.ingest.door.APPEND_SECONDS_MAX", 0.05)
    body = small(caller.world)
    problem(await caller.send(body, "slow"), 503, "unavailable")
    await lock.release()
    monkeypatch.undo()
    assert (await caller.send(body, "slow")).status_code == 202
    await caller.world.sequence()
    assert await outcomes(caller.world, "slow") == [("alpha", "slow", "counted")]


async def test_who_stops_waiting_leaves_no_trace(world: World) -> None:
    caller = Caller(world)
    waiting = asyncio.create_task(caller.send(small(world), "w", wait=30))
    await until(lambda: bool(world.door._waiters._waiting))
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert not world.door._waiters._waiting
    async with sequencing(world):
        assert (await caller.send(small(world), "next", wait=20)).status_code == 201


async def test_those_who_wait_outlive_a_database_that_stumbles(world: World) -> None:
    """An error of the hints ended the watch, and everyone who waited ran out of time."""

    class Stumbling(FaultyIntake):
        stumbles = 2

        async def wait_leaf(self, index: int, seconds: float) -> None:
            if self.stumbles:
                self.stumbles -= 1
                raise RuntimeError("no hint")
            await super().wait_leaf(index, seconds)

    intake = Stumbling(world.intake)
    caller = Caller(world, create_app(Door(intake, world.registry_keys, world.clock)))
    waiting = asyncio.create_task(caller.send(small(world), "outlives", wait=20))
    await until(lambda: not intake.stumbles)
    await world.sequence()
    assert (await waiting).status_code == 201


async def test_a_look_for_a_leaf_that_fails_is_tried_again(world: World) -> None:
    class Stumbling(FaultyIntake):
        stumbles = 2

        async def stood(self, sent: Sequence[Sent]) -> Stood:
            if self.stumbles:
                self.stumbles -= 1
                raise OSError("away")
            return await super().stood(sent)

    intake = Stumbling(world.intake)
    caller = Caller(world, create_app(Door(intake, world.registry_keys, world.clock)))
    waiting = asyncio.create_task(caller.send(small(world), "again", wait=20))
    await until(lambda: not intake.stumbles)
    await world.sequence()
    assert (await waiting).status_code == 201


@pytest.mark.parametrize("question", ["look_up", "last_act", "key_ring", "leaves_at"])
async def test_a_database_that_freezes_is_503_not_silence(
    world: World, monkeypatch: pytest.MonkeyPatch, question: str
) -> None:
    """A frozen server answers nothing, and its driver does not even let itself be cancelled."""
    monkeypatch.setattr("services.ingest.door.ANSWER_SECONDS_MAX", 0.05)
    body, thawed = small(world), asyncio.Event()
    if question == "leaves_at":
        await Caller(world).send(body, question)
        await world.sequence()
    intake = FaultyIntake(world.intake)
    caller = Caller(world, create_app(Door(intake, world.registry_keys, world.clock)))

    async def frozen(*_: object) -> None:
        while not thawed.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await thawed.wait()

    monkeypatch.setattr(intake, question, frozen)
    path = VALIDATE if question == "look_up" else SUBMIT
    problem(await caller.send(body, question, path=path), 503, "unavailable")
    thawed.set()
    monkeypatch.undo()
    assert (await caller.send(body, question, path=path)).status_code in {200, 202}
