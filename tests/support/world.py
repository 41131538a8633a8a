"""A whole registry inside a test: real database, door, sequencer, projection; steps by hand.

Nothing runs by itself: `sequence()` and `fold()` are called, so a test decides what happened when.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import msgspec

from deploy.embedded.postgres import EmbeddedPostgres
from deploy.embedded.template import fresh_database
from deploy.establish import establishment
from events.days import Days
from events.jose import PrivateKey
from events.leaf import leaf_hash, utc_text
from events.log.kafka.client import KafkaAddress
from events.log.kafka.intake import KafkaIntake
from events.log.kafka.leaves import KafkaLeaves
from events.log.kafka.sequencer import KafkaSequencerLog
from events.log.kafka.topics import apply_topics
from events.log.postgres import (
    INTAKE_CHANNEL,
    LEAF_CHANNEL,
    Hints,
    PostgresIntake,
    PostgresLeaves,
    PostgresSequencerLog,
    connect_pool,
)
from events.log.protocol import Arrival, Intake, LeafRecord, Leaves, Place, SequencerLog
from events.receipt import RegistryKeys
from events.token import sign_submission
from migrations.roles import INGEST, PROJECTION, SEQUENCER, database_grant
from services.ingest.door import Door
from services.projections import catalogue
from services.projections.building import BuilderHere
from services.projections.generation import create_generation, export_view
from services.projections.projection import Projection
from services.sequencer.sequencer import Sequencer

TEMPLATE = "migrated"
TIME_ZONE = "Africa/Casablanca"
#: Noon of a day without a change of offset.
START = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@dataclass
class SetClock:
    """A clock that moves only when told."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **parts: float) -> None:
        """Move on by a timedelta's parts."""
        self.now += timedelta(**parts)


@dataclass
class Platform:
    """An emitter with its key, and events of it under running ids."""

    emitter: str
    key: PrivateKey
    _numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 10**9)))

    def event(
        self, type_: str, data: dict[str, Any], *, id: str | None = None, time: str | None = None
    ) -> dict[str, Any]:
        """A CloudEvent; `type_` without its version."""
        return {
            "specversion": "1.0",
            "id": id or f"{self.emitter}-{next(self._numbers)}",
            "source": f"/emitters/{self.emitter}",
            "type": f"{type_}.v1",
            "time": time or "2026-03-04T10:00:00+01:00",
            "data": data,
        }

    def sign(self, body: bytes, submission: str, *, iat: int | None = None) -> str:
        """The token of a body."""
        at = int(START.timestamp()) if iat is None else iat
        return sign_submission(
            self.key, emitter=self.emitter, submission=submission, at=at, body=body
        )


def body_of(events: Sequence[dict[str, Any]]) -> bytes:
    """A batch as bytes."""
    return json.dumps(events, separators=(",", ":")).encode()


class World:
    """One registry over one fresh database, established, with one platform `alpha`.

    `kafka`: where its log is, if not in the database.
    """

    def __init__(
        self, server: EmbeddedPostgres, database: str, kafka: KafkaAddress | None = None
    ) -> None:
        self._server, self.database, self._kafka = server, database, kafka
        self.clock = SetClock()
        self.authority = Platform("authority", PrivateKey.generate())
        self.registry_key = PrivateKey.generate()
        self.alpha = Platform("alpha", PrivateKey.generate())
        self.days = Days(TIME_ZONE)
        self.builder = BuilderHere(self.days)
        self._submissions = iter(range(1, 10**9))
        self._closing: list[Callable[[], Awaitable[None]]] = []

    def dsn(self, role: str = "postgres") -> str:
        """This world's database as a role."""
        return self._server.dsn(self.database, role)

    async def open(self) -> None:
        """Connect, establish, register `alpha`, make the views."""
        ingest, sequencer, projection = (self.dsn(role) for role in (INGEST, SEQUENCER, PROJECTION))
        self._pools = [await connect_pool(d) for d in (ingest, sequencer, projection)]
        self._hints = [
            Hints(ingest, LEAF_CHANNEL),
            Hints(sequencer, LEAF_CHANNEL),
            Hints(sequencer, INTAKE_CHANNEL),
            Hints(projection, LEAF_CHANNEL),
        ]
        await self._open_log()
        self.sequencer = Sequencer(self.log, self.clock)
        await self._establish()
        self.folding = await asyncpg.connect(projection)
        self.generation = await create_generation(self.folding, active=True)
        self.projection = self.new_projection()

    async def _open_log(self) -> None:
        pools, hints, address = self._pools, self._hints, self._kafka
        self.intake: Intake = PostgresIntake(pools[0], hints[0])
        self.log: SequencerLog = PostgresSequencerLog(pools[1], hints[1], hints[2])
        self.leaves: Leaves = PostgresLeaves(pools[2], hints[3])
        if address is None:
            return
        await apply_topics(address)
        self.intake = intake = await KafkaIntake.open(address, pools[0], hints[0])
        self.log = log = await KafkaSequencerLog.open(address, pools[1], hints[1])
        self.leaves = leaves = await KafkaLeaves.open(address, pools[2], hints[3])
        self._closing = [intake.close, log.close, leaves.close]

    async def _establish(self) -> None:
        await self.intake.append(
            establishment(
                self.authority.key,
                self.registry_key,
                name="Test authority",
                country="MA",
                zone=TIME_ZONE,
                at=self.clock(),
            )
        )
        await self.sequence()
        (first,) = await self.leaves.leaves(0, 1)
        self.identity = leaf_hash(first.leaf).hex()
        self.registry_keys = RegistryKeys(self.identity, {self.registry_key.kid: self.registry_key})
        self.door = Door(self.intake, self.registry_keys, self.clock)
        await self.register(self.alpha)

    async def close(self) -> None:
        """Close every connection, so that the database can be dropped."""
        await self.folding.close()
        for close in self._closing:
            await close()
        for hints in self._hints:
            await hints.close()
        for pool in self._pools:
            await pool.close()

    def new_projection(self) -> Projection:
        """Another projection over the same generation and connection."""
        return Projection(self.folding, self.leaves, self.builder, self.generation)

    def new_sequencer(self) -> Sequencer:
        """Another sequencer over the same log."""
        return Sequencer(self.log, self.clock)

    # --- speaking -------------------------------------------------------------------------

    async def register(self, platform: Platform, kind: str = "platform", **more: Any) -> None:
        """Let an emitter speak."""
        jwk = msgspec.to_builtins(platform.key.jwk)
        data = {"emitter": platform.emitter, "name": platform.emitter.title(), "key": jwk, **more}
        await self.act(f"{kind}.registered", data)

    async def act(self, type_: str, data: dict[str, Any]) -> LeafRecord:
        """One act of the authority, sequenced."""
        await self.push(self.authority, [self.authority.event(type_, data)])
        await self.sequence()
        await self.door.refresh_keys(older_than=0)
        tail = await self.leaves.tail()
        assert tail is not None
        return tail

    async def push(
        self,
        platform: Platform,
        events: Sequence[dict[str, Any]],
        submission: str | None = None,
    ) -> str:
        """Push through the door; the submission's id. It has no leaf yet."""
        body = body_of(events)
        submission = submission or f"s{next(self._submissions)}"
        await self.door.refresh_keys(older_than=0)
        await self.door.submit(platform.sign(body, submission), body, wait=0)
        return submission

    async def append(self, platform: Platform, body: bytes, submission: str, events: int) -> Place:
        """Put bytes into the intake past the door, as a faulty door would."""
        return await self.intake.append(
            Arrival(
                platform.emitter,
                submission,
                hashlib.sha256(body).digest(),
                platform.sign(body, submission),
                events,
                utc_text(self.clock()),
                body,
            ),
            anyway=True,
        )

    # --- the machinery, step by step ------------------------------------------------------

    async def sequence(self) -> None:
        """Give every body in the intake its leaf."""
        while await self.sequencer.commit_round():
            pass

    async def fold(self) -> None:
        """Fold every leaf."""
        while await self.projection.fold_batch():
            pass

    async def tell(self, *events: dict[str, Any], platform: Platform | None = None) -> str:
        """Push, sequence and fold; the submission's id."""
        submission = await self.push(platform or self.alpha, events)
        await self.sequence()
        await self.fold()
        return submission

    async def view(self, name: str, generation: int | None = None) -> list[dict[str, Any]]:
        """A view's export as dictionaries."""
        number = generation or self.generation
        connection = await asyncpg.connect(self.dsn(PROJECTION))
        try:
            async with connection.transaction():
                rows = [row async for row in export_view(connection, number, name)]
                statement = await connection.prepare(catalogue.export_sql(name))
                columns = [attribute.name for attribute in statement.get_attributes()]
        finally:
            await connection.close()
        return [dict(zip(columns, row, strict=True)) for row in rows]


@asynccontextmanager
async def new_world(
    server: EmbeddedPostgres, kafka: KafkaAddress | None = None
) -> AsyncIterator[World]:
    """A world of its own for one test, gone afterwards."""
    world = World(server, await fresh_database(server, TEMPLATE), kafka)
    connection = await asyncpg.connect(server.dsn())
    try:
        # Grants on a database are not copied with its template.
        await connection.execute(database_grant(world.database))
        await world.open()
        yield world
        await world.close()
    finally:
        await connection.execute(f"DROP DATABASE {world.database} WITH (FORCE)")
        await connection.close()
