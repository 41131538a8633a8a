"""The checker on a registry that runs: the real log on Kafka, sequencer and projection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
from checker_world import Event, World, event, work

from deploy.embedded.postgres import EmbeddedPostgres
from events.limits import BODY_BYTES_MAX
from events.log.kafka.client import KafkaAddress
from events.log.kafka.intake import KafkaIntake
from events.log.kafka.sequencer import KafkaSequencerLog
from events.log.kafka.topics import apply_topics, remember_topics
from events.log.postgres import LEAF_CHANNEL, Hints, connect_pool
from events.log.protocol import Arrival
from services.checker.history import Answer, Attempt
from services.checker.kafka.source import in_kafka
from services.checker.report import Report, render
from services.sequencer.sequencer import Sequencer


@dataclass(kw_only=True)
class KafkaWorld(World):
    """The same on Kafka; the views have a database of their own."""

    address: KafkaAddress
    unsettled: int = 0

    def __post_init__(self) -> None:
        """Sides of the log are opened by `open`."""

    async def open(self, stack: AsyncExitStack) -> None:
        """Make the topics and connect both sides."""
        await apply_topics(self.address)
        await remember_topics(self.address, self.pool)
        hints = Hints(self.dsn, LEAF_CHANNEL)
        stack.push_async_callback(hints.close)
        self.intake = await KafkaIntake.open(self.address, self.pool, hints)
        stack.push_async_callback(self.intake.close)
        self.log = await KafkaSequencerLog.open(self.address, self.pool, hints)
        stack.push_async_callback(self.log.close)
        self.sequencer = Sequencer(self.log, lambda: self.now)

    async def send(self, emitter: str, *events: Event, **more: Any) -> Arrival:
        """Append a submission to the intake."""
        made = await super().send(emitter, *events, **more)
        self.unsettled += 1
        return made

    async def sequence(self) -> None:
        """Give leaves to all that waits, which comes over the network."""
        while self.unsettled:
            settled = await self.sequencer.commit_round()
            self.unsettled -= settled
            if not settled:
                await self.log.wait_intake(1)

    async def check(self, **more: Any) -> Report:
        """What the checker says of the topics."""
        return await super().check(log=in_kafka(self.address), **more)


@pytest.fixture
async def running(migrated: EmbeddedPostgres, kafka: str, topics: str) -> AsyncIterator[KafkaWorld]:
    """An empty registry on Kafka."""
    names = f"{topics}_index", f"{topics}_views"
    server = await asyncpg.connect(migrated.dsn())
    for name in names:
        await server.execute(f"CREATE DATABASE {name} TEMPLATE template")
    async with AsyncExitStack() as stack:
        pool = await connect_pool(migrated.dsn(names[0]), most=4)
        stack.push_async_callback(pool.close)
        world = KafkaWorld(
            migrated.dsn(names[0]),
            pool,
            views=migrated.dsn(names[1]),
            address=KafkaAddress(kafka, prefix=topics),
        )
        await world.open(stack)
        yield world
    for name in names:
        await server.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await server.close()


def _done(task: str, **more: Any) -> Event:
    return event("task.completed", work(task=task, seconds=60, **more))


async def test_a_registry_on_kafka_holds_with_its_views_in_another_database(
    running: KafkaWorld,
) -> None:
    await running.establish("alpha", "beta")
    large = await running.send("alpha", _done("t1", note="x" * (BODY_BYTES_MAX - 1_000)))
    assert BODY_BYTES_MAX - 1_000 < len(large.body) <= BODY_BYTES_MAX
    first = await running.send("beta", _done("t2"), submission="same")
    await running.send("beta", _done("t3"), submission="same")
    await running.settle()
    await running.intake.append(first, anyway=True)
    running.unsettled += 1
    await running.settle()
    report = await running.check()
    assert report.clean, render(report)
    assert (report.leaves, report.position, report.waiting) == (5, 4, 0)
    history = [Attempt(first.emitter, first.submission, first.body_sha256, Answer.REFUSED)]
    (finding, *_) = (await running.check(history=history)).findings
    assert (finding.what, finding.found) == ("refused each time", "leaf 3")


async def test_a_figure_in_the_other_database_is_held_against_the_topics(
    running: KafkaWorld,
) -> None:
    await running.establish("alpha")
    await running.say("alpha", _done("t1"))
    assert running.views is not None
    connection = await asyncpg.connect(running.views)
    await connection.execute("UPDATE view_1.work_by_platform SET worked_seconds = 61")
    await connection.close()
    (finding,) = (await running.check()).findings
    assert finding.what == "column worked_seconds"


async def test_a_registry_is_whole_at_any_moment_while_it_runs(running: KafkaWorld) -> None:
    await running.establish("alpha", "beta")
    await running.fold()
    stop = asyncio.Event()

    async def live() -> None:
        while not stop.is_set():
            for emitter in ("alpha", "beta"):
                await running.send(emitter, _done("t"), _done("u"))
            await running.sequence()
            await running.fold()

    life = asyncio.create_task(live())
    heights: list[int] = []
    while len(heights) < 3 or heights[0] == heights[-1]:
        report = await running.check()
        assert report.clean, render(report)
        assert not life.done()
        heights.append(report.leaves)
    stop.set()
    await life
    assert heights == sorted(heights)
    report = await running.check()
    assert report.clean, render(report)
    assert (report.notes, report.waiting) == ((), 0)
